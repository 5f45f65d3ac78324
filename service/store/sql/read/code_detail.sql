-- Part: the attributes of a code as JSON text, in the order of the samples in the codes document. An attribute that is
-- null is omitted: a text joined with null is null, and concat_ws skips it.
-- Placeholders:
--   stamp  the column stamp with a comma (code_stamp.sql), or empty
--   shown  attributes that are shown as they are (shown.py)
--   roles  role_stamp.sql, or empty
SELECT shown.n, /*stamp*/c.version, '/admin/v1/producer-codes/' || c.id AS href,
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
            FROM role AS r WHERE r.id = ANY(c.role_ids))
        /*shown*/
    ) || '}'
    AS attributes
FROM shown
JOIN producer_code AS c ON c.id = shown.id
JOIN organization AS o ON o.id = c.organization_id
LEFT JOIN branch AS b ON b.id = c.branch_id
/*roles*/
