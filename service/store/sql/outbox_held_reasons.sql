-- How much is held, by topic and reason, among the first rows. $1 limit of rows
SELECT topic, reason, count(*) AS rows, sum(messages)::bigint AS messages
FROM (
    SELECT position, topic, reason, messages
    FROM outbox_held
    ORDER BY position
    LIMIT $1
) AS held
GROUP BY topic, reason
ORDER BY min(position)
