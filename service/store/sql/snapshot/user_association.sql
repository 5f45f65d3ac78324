-- Associations in order. $1 and $2 after this owner and code, $3 only of owners of this organization (null for all),
-- $4 limit of rows
SELECT a.user_id AS owner_id, a.code_id, a.code
FROM user_producer_code AS a
JOIN registry_user AS o ON o.id = a.user_id
WHERE (a.code_id, a.user_id) > ($2, $1) AND ($3::text IS NULL OR o.organization_id = $3)
ORDER BY a.code_id, a.user_id
LIMIT $4
