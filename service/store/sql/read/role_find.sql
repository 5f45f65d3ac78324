-- Statement: the role $1, or no row.
SELECT r.version, '{"displayName":' || to_json(r.display_name) || ',"id":' || to_json(r.id)
    || ',"permissions":' || to_json(r.permissions) || ',"type":"Role"}' AS attributes
FROM role AS r WHERE r.id = $1::text
