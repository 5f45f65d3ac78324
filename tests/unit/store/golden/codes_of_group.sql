WITH
owner AS MATERIALIZED (
    SELECT g.id, g.version FROM registry_group AS g
    WHERE g.id = $4::text AND ($5::text[] IS NULL OR g.organization_id = ANY($5::text[]))
),
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT a.code_id AS id FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
            WHERE a.group_id = $4::text AND EXISTS (SELECT FROM owner)
            ORDER BY a.code LIMIT 32
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        SELECT shown.n, owner.version, '/admin/v1/groups/' || owner.id || '/producer-codes/' || c.id AS href,
            '{' || concat_ws(',',
                '"branch":{"branchCode":' || to_json(b.branch_code) || ',"displayName":' || to_json(b.display_name)
                    || ',"id":' || to_json(b.id) || '}',
                '"code":' || to_json(c.code),
                '"description":' || to_json(c.description),
                '"id":' || to_json(a.id),
                '"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id) || '}',
                '"producerStatus":{"code":' || to_json(c.status) || ',"name":' || to_json(c.status) || '}'
            ) || '}'
            AS attributes
        FROM owner CROSS JOIN shown
        JOIN group_producer_code AS a ON a.group_id = $4::text AND a.code_id = shown.id
        JOIN producer_code AS c ON c.id = shown.id
        LEFT JOIN branch AS b ON b.id = c.branch_id
        OFFSET 0
    ) AS detail
)
SELECT '[' || coalesce(string_agg(
        '{"attributes":' || CASE WHEN $3::text[] IS NULL THEN item.attributes ELSE (
            SELECT '{' || coalesce(string_agg(to_json(f.key) || ':' || f.value, ','), '') || '}'
            FROM json_each(item.attributes::json) AS f WHERE f.key = ANY($3::text[])) END
        || ',"checksum":"' || item.tag || '","links":{"self":{"href":' || to_json(item.href)
        || ',"methods":["get"]}}}', ',' ORDER BY item.n), '') || ']' AS data,
    count(*)::int AS shown, min(item.tag) AS tag, (SELECT count(*) FROM page) > $2::int AS more,
    NULL::bigint AS total,
    EXISTS (SELECT FROM owner) AS verdict
FROM item
