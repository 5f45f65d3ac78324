-- Part: the attributes of user association a with its code c; roles the code has lost are left out.
'{"id":' || to_json(a.id)
    || ',"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id)
    || '},"roles":' || (
        SELECT '[' || coalesce(string_agg(
            '{"displayName":' || to_json(r.display_name) || ',"id":' || to_json(r.id)
                || ',"type":"Role","uri":' || to_json('/admin/v1/roles/' || r.id) || '}', ',' ORDER BY r.id), '') || ']'
        FROM role AS r WHERE r.id = ANY(a.role_ids) AND r.id = ANY(c.role_ids)) || '}'
