-- How much was discarded. $1 topic or null
SELECT count(*) AS rows, COALESCE(sum(messages), 0)::bigint AS messages
FROM outbox_discarded
WHERE $1::text IS NULL OR topic = $1
