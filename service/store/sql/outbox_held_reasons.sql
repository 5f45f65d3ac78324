-- How much is held of each topic and for which reason, as far as it is worth counting. $1 rows at most
SELECT topic, reason, count(*) AS rows, sum(messages)::bigint AS messages
FROM (
    SELECT position, topic, reason, messages
    FROM outbox_held
    ORDER BY position
    LIMIT $1
) AS held
GROUP BY topic, reason
ORDER BY min(position)
