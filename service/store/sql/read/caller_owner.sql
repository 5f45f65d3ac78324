-- Part: the caller of a page. $4 the subject of the token, $5 the date or null for today (UTC), $6 the externally visible
-- code strings in lower case.
-- Placeholders:
--   caller  caller.sql
request AS (
    SELECT 1 AS place, $4::text AS subject, coalesce($5::date, (now() AT TIME ZONE 'UTC')::date) AS day,
        $6::text[] AS visible
),
/*caller*/,
