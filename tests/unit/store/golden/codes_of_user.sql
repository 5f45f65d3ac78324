WITH
owner AS MATERIALIZED (
    SELECT u.id, u.version FROM registry_user AS u
    WHERE u.id = $4::text AND ($5::text[] IS NULL OR u.organization_id = ANY($5::text[]))
),
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT a.code_id AS id FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
            WHERE a.user_id = $4::text AND EXISTS (SELECT FROM owner)
            ORDER BY a.code LIMIT 32
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        SELECT shown.n, owner.version, '/admin/v1/users/' || owner.id || '/producer-codes/' || c.id AS href,
            '{"id":' || to_json(a.id)
                || ',"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id)
                || '},"roles":' || (
                    SELECT '[' || coalesce(string_agg(
                        '{"displayName":' || to_json(r.display_name) || ',"id":' || to_json(r.id)
                            || ',"type":"Role","uri":' || to_json('/admin/v1/roles/' || r.id) || '}', ',' ORDER BY r.id), '') || ']'
                    FROM role AS r WHERE r.id = ANY(a.role_ids) AND r.id = ANY(c.role_ids)) || '}'
            AS attributes
        FROM owner CROSS JOIN shown
        JOIN user_producer_code AS a ON a.user_id = $4::text AND a.code_id = shown.id
        JOIN producer_code AS c ON c.id = shown.id
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
