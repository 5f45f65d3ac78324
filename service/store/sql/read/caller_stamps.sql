-- Statement: the first codes of several callers at once, as stamps: a row for each caller, in their order.
-- $1 subjects, $2 for each the date or null for today (UTC), $3 for each the externally visible code strings in lower
-- case, with commas.
-- Parameters behind a SELECT are estimated alike for one execution and for all: the server soon uses a generic plan.
-- Placeholders:
--   caller  caller.sql
--   codes   caller_codes.sql without filters and sort keys
--   stamp   code_stamp.sql
--   roles   role_stamp.sql
--   limit   codes of a caller
WITH request AS (
    SELECT n.place, n.subject, coalesce(n.day, (now() AT TIME ZONE 'UTC')::date) AS day,
        string_to_array(n.visible, ',') AS visible
    FROM unnest((SELECT $1::text[]), (SELECT $2::date[]), (SELECT $3::text[]))
        WITH ORDINALITY AS n (subject, day, visible, place)
),
/*caller*/
SELECT coalesce(caller.enabled, true) AS verdict, coalesce(found.stamps, '{}'::text[]) AS stamps
FROM caller CROSS JOIN LATERAL (
    SELECT array_agg(/*stamp*/ ORDER BY page.code) AS stamps
    FROM (
        SELECT DISTINCT ON (held.code) held.id, held.code FROM (
            /*codes*/
        ) AS held
        ORDER BY held.code LIMIT /*limit*/
    ) AS page
    JOIN producer_code AS c ON c.id = page.id
    JOIN organization AS o ON o.id = c.organization_id
    LEFT JOIN branch AS b ON b.id = c.branch_id
    /*roles*/
) AS found
ORDER BY caller.place
