-- unlocked_load
-- Load the states of a batch that need no lock of their own, and take its block of positions and the time of its
-- decisions. The transaction holds the lock of batches, and has locked the groups, users and codes in an earlier
-- statement: this one sees what others have committed until then.
-- $1 ids of organizations, $2 of branches, $3 of roles, $4 of products; associations, pair by pair: $5 ids of users and
-- $6 of their codes, $7 ids of groups and $8 of their codes; all ids are joined by commas
SELECT 'block' AS kind, ROW (nextval('outbox_block'), clock_timestamp()) AS state
UNION ALL
SELECT 'organization', ROW (
    id,
    display_name,
    status,
    domains,
    insurer,
    version
)
FROM organization
WHERE id = ANY(string_to_array((SELECT $1), ','))
UNION ALL
SELECT 'branch', ROW (
    id,
    branch_code,
    display_name,
    version
)
FROM branch
WHERE id = ANY(string_to_array((SELECT $2), ','))
UNION ALL
SELECT 'role', ROW (
    id,
    display_name,
    permissions,
    version
)
FROM role
WHERE id = ANY(string_to_array((SELECT $3), ','))
UNION ALL
SELECT 'product', ROW (
    id,
    name,
    institution_id,
    product_line,
    version
)
FROM product
WHERE id = ANY(string_to_array((SELECT $4), ','))
UNION ALL
SELECT 'user_association', ROW (a.id::text, a.user_id, a.code_id, a.role_ids)
FROM unnest(string_to_array((SELECT $5), ','), string_to_array((SELECT $6), ',')) AS n (user_id, code_id)
CROSS JOIN LATERAL (
    SELECT * FROM user_producer_code AS one WHERE one.user_id = n.user_id AND one.code_id = n.code_id LIMIT 1
) AS a
UNION ALL
SELECT 'group_association', ROW (a.id::text, a.group_id, a.code_id)
FROM unnest(string_to_array((SELECT $7), ','), string_to_array((SELECT $8), ',')) AS n (group_id, code_id)
CROSS JOIN LATERAL (
    SELECT * FROM group_producer_code AS one WHERE one.group_id = n.group_id AND one.code_id = n.code_id LIMIT 1
) AS a
