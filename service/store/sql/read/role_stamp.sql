-- Part: the roles of a code c for its stamp. A lateral join rather than a subquery in the select list, so that the
-- server can remember the result for codes with the same roles.
CROSS JOIN LATERAL (
    SELECT string_agg(r.xmin::text, ' ' ORDER BY r.id) AS stamp FROM role AS r WHERE r.id = ANY(c.role_ids)
) AS role_stamps
