-- The first codes available to several callers at once, as stamps: $1 their subjects, $2 the date for each, $3 for each the
-- externally visible code strings in lower case, with commas. The same rule as caller_owner and caller_code_source, without filters and sorts.
-- Parameters behind a SELECT are estimated alike for one call and for all, so the server soon plans this no more.
SELECT coalesce(caller.enabled, true) AS verdict, coalesce(found.stamps, '{}'::text[]) AS stamps
FROM unnest((SELECT $1::text[]), (SELECT $2::date[]), (SELECT $3::text[]))
    WITH ORDINALITY AS asked (subject, day, visible, place)
LEFT JOIN LATERAL (
    SELECT u.id, u.group_ids, u.enabled, u.code_secured FROM (
        SELECT n.id, n.group_ids, n.enabled, n.code_secured, 1 AS place
        FROM registry_user AS n WHERE n.username = asked.subject
        UNION ALL
        SELECT i.id, i.group_ids, i.enabled, i.code_secured, 2 AS place FROM registry_user AS i WHERE i.id = asked.subject
    ) AS u ORDER BY u.place LIMIT 1
) AS caller ON true
CROSS JOIN LATERAL (
    SELECT array_agg(/*stamp*/ ORDER BY page.code) AS stamps
    FROM (
        SELECT DISTINCT ON (held.code) held.id, held.code FROM (
            SELECT own.id, own.code FROM (
                SELECT a.code_id AS id, a.code FROM user_producer_code AS a
                WHERE caller.enabled AND caller.code_secured AND a.user_id = caller.id
                    AND a.usable > 0 AND a.usable > /*least*/ 1
                    AND (a.appointment_date > asked.day) IS NOT TRUE AND (a.termination_date <= asked.day) IS NOT TRUE
                ORDER BY a.code LIMIT /*rows*/ 26
            ) AS own
            UNION ALL
            SELECT own.id, own.code FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
                SELECT a.code_id AS id, a.code FROM group_producer_code AS a
                WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
                    AND a.usable > 0 AND a.usable > /*least*/ 1
                    AND (a.appointment_date > asked.day) IS NOT TRUE AND (a.termination_date <= asked.day) IS NOT TRUE
                ORDER BY a.code LIMIT /*rows*/ 26
            ) AS own
            UNION ALL
            SELECT own.id, own.code FROM (
                SELECT c.id, c.code FROM producer_code AS c
                WHERE caller.enabled AND NOT caller.code_secured AND c.usable > 0 AND c.usable > /*least*/ 1
                    AND (c.appointment_date > asked.day) IS NOT TRUE AND (c.termination_date <= asked.day) IS NOT TRUE
                ORDER BY c.code LIMIT /*rows*/ 26
            ) AS own
            UNION ALL
            SELECT c.id, c.code FROM producer_code AS c
            WHERE caller.id IS NULL AND lower(c.code) = ANY(string_to_array(asked.visible, ','))
                AND c.usable > 0 AND c.usable > /*least*/ 1
                AND (c.appointment_date > asked.day) IS NOT TRUE AND (c.termination_date <= asked.day) IS NOT TRUE
        ) AS held
        ORDER BY held.code LIMIT /*rows*/ 26
    ) AS page
    JOIN producer_code AS c ON c.id = page.id
    JOIN organization AS o ON o.id = c.organization_id
    LEFT JOIN branch AS b ON b.id = c.branch_id
    /*roles*/
) AS found
ORDER BY asked.place
