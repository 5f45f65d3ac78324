-- How much waits and is held. $1 topic or null, $2 whether to count only held rows
SELECT count(*) AS rows, COALESCE(sum(messages), 0)::bigint AS messages
FROM (
    SELECT messages
    FROM outbox_frame
    WHERE NOT $2::boolean AND ($1::text IS NULL OR topic = $1)
    UNION ALL
    SELECT messages
    FROM outbox_held
    WHERE $1::text IS NULL OR topic = $1
) AS found
