WITH
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT c.id FROM producer_code AS c WHERE true AND c.id = $4::text
            ORDER BY c.code LIMIT 32
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        SELECT shown.n, c.version, '/admin/v1/producer-codes/' || c.id AS href,
            '{' || concat_ws(',',
                '"branch":{"branchCode":' || to_json(b.branch_code) || ',"displayName":' || to_json(b.display_name)
                    || ',"id":' || to_json(b.id) || '}',
                '"code":' || to_json(c.code),
                '"description":' || to_json(c.description),
                '"displayName":' || to_json(c.code),
                '"id":' || to_json(c.id),
                '"organization":{"displayName":' || to_json(o.display_name) || ',"id":' || to_json(o.id)
                    || ',"type":"Organization","uri":' || to_json('/admin/v1/organizations/' || o.id) || '}',
                '"producerStatus":{"code":' || to_json(c.status) || ',"name":' || to_json(c.status) || '}',
                '"roles":' || (
                    SELECT '[' || coalesce(string_agg(
                        '{"displayName":' || to_json(r.display_name) || ',"id":' || to_json(r.id)
                            || ',"type":"Role","uri":' || to_json('/admin/v1/roles/' || r.id) || '}', ',' ORDER BY r.id), '') || ']'
                    FROM role AS r WHERE r.id = ANY(c.role_ids)),
                '"appointmentDate":' || to_json(c.appointment_date),
                '"terminationDate":' || to_json(c.termination_date)
            ) || '}'
            AS attributes
        FROM shown
        JOIN producer_code AS c ON c.id = shown.id
        JOIN organization AS o ON o.id = c.organization_id
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
    true AS verdict
FROM item
