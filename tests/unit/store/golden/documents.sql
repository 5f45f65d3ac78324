WITH shown AS (SELECT wanted.id, 1 AS n FROM unnest((SELECT $1::text[])) AS wanted (id))
SELECT detail.stamp, '{"attributes":' || detail.attributes || ',"checksum":"'
    || detail.version || '-' || left(md5(detail.attributes), 16)
    || '","links":{"self":{"href":' || to_json(detail.href) || ',"methods":["get"]}}}' AS document
FROM (
    SELECT shown.n, concat_ws(' ', c.id, c.version, c.xmin, o.xmin, b.xmin, role_stamps.stamp) AS stamp, c.version, '/admin/v1/producer-codes/' || c.id AS href,
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
    CROSS JOIN LATERAL (
        SELECT string_agg(r.xmin::text, ' ' ORDER BY r.id) AS stamp FROM role AS r WHERE r.id = ANY(c.role_ids)
    ) AS role_stamps
) AS detail
