-- Part: the associations of the user as JSON text. The version is the user's: an association changes with its owner.
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
