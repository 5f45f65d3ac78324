-- Waiting and held rows by position, without values.
-- $1 topic or null, $2 whether to list only held rows, $3 limit of rows
SELECT position, state, shard, topic, messages, raw_bytes, since, scope, reason
FROM (
    SELECT position, 'waiting' AS state, shard, topic, messages, raw_bytes, created_at AS since,
           NULL AS scope, NULL AS reason
    FROM outbox_frame
    WHERE NOT $2::boolean AND ($1::text IS NULL OR topic = $1)
    UNION ALL
    SELECT position, 'held', shard, topic, messages, raw_bytes, held_at, scope, reason
    FROM outbox_held
    WHERE $1::text IS NULL OR topic = $1
) AS found
ORDER BY position
LIMIT $3
