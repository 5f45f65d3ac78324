WITH request AS (
    SELECT n.place, n.subject, coalesce(n.day, (now() AT TIME ZONE 'UTC')::date) AS day,
        string_to_array(n.visible, ',') AS visible
    FROM unnest((SELECT $1::text[]), (SELECT $2::date[]), (SELECT $3::text[]))
        WITH ORDINALITY AS n (subject, day, visible, place)
),
caller AS MATERIALIZED (
    SELECT request.place, request.day, request.visible, found.id, found.group_ids, found.enabled, found.code_secured
    FROM request
    LEFT JOIN LATERAL (
        SELECT u.id, u.group_ids, u.enabled, u.code_secured FROM (
            SELECT n.id, n.group_ids, n.enabled, n.code_secured, 1 AS priority
            FROM registry_user AS n WHERE n.username = request.subject
            UNION ALL
            SELECT i.id, i.group_ids, i.enabled, i.code_secured, 2 AS priority
            FROM registry_user AS i WHERE i.id = request.subject
        ) AS u ORDER BY u.priority LIMIT 1
    ) AS found ON true
)
SELECT coalesce(caller.enabled, true) AS verdict, coalesce(found.stamps, '{}'::text[]) AS stamps
FROM caller CROSS JOIN LATERAL (
    SELECT array_agg(concat_ws(' ', c.id, c.version, c.xmin, o.xmin, b.xmin, role_stamps.stamp) ORDER BY page.code) AS stamps
    FROM (
        SELECT DISTINCT ON (held.code) held.id, held.code FROM (
            SELECT own.id, own.code FROM (
                SELECT a.code_id AS id, a.code
                FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                WHERE caller.enabled AND caller.code_secured AND a.user_id = caller.id
                    AND a.usable > 0 AND a.usable >= 1
                    AND (a.appointment_date > caller.day) IS NOT TRUE
                    AND (a.termination_date <= caller.day) IS NOT TRUE
                ORDER BY a.code LIMIT 26
            ) AS own
            UNION ALL
            SELECT own.id, own.code FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
                SELECT a.code_id AS id, a.code
                FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
                    AND a.usable > 0 AND a.usable >= 1
                    AND (a.appointment_date > caller.day) IS NOT TRUE
                    AND (a.termination_date <= caller.day) IS NOT TRUE
                ORDER BY a.code LIMIT 26
            ) AS own
            UNION ALL
            SELECT own.id, own.code FROM (
                SELECT c.id, c.code FROM producer_code AS c
                WHERE caller.enabled AND NOT caller.code_secured
                    AND c.usable > 0 AND c.usable >= 1
                    AND (c.appointment_date > caller.day) IS NOT TRUE
                    AND (c.termination_date <= caller.day) IS NOT TRUE
                ORDER BY c.code LIMIT 26
            ) AS own
            UNION ALL
            SELECT c.id, c.code FROM producer_code AS c
            WHERE caller.id IS NULL AND lower(c.code) = ANY(caller.visible)
                AND c.usable > 0 AND c.usable >= 1
                AND (c.appointment_date > caller.day) IS NOT TRUE
                AND (c.termination_date <= caller.day) IS NOT TRUE
        ) AS held
        ORDER BY held.code LIMIT 26
    ) AS page
    JOIN producer_code AS c ON c.id = page.id
    JOIN organization AS o ON o.id = c.organization_id
    LEFT JOIN branch AS b ON b.id = c.branch_id
    CROSS JOIN LATERAL (
        SELECT string_agg(r.xmin::text, ' ' ORDER BY r.id) AS stamp FROM role AS r WHERE r.id = ANY(c.role_ids)
    ) AS role_stamps
) AS found
ORDER BY caller.place
