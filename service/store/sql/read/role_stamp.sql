-- Part: the roles of code c for its stamp; joined rather than selected, so that the server remembers what codes share
CROSS JOIN LATERAL (
    SELECT string_agg(r.xmin::text, ' ' ORDER BY r.id) AS stamp FROM role AS r WHERE r.id = ANY(c.role_ids)
) AS given
