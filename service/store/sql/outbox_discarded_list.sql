-- Discarded rows without values, the newest first. $1 topic or null, $2 limit of rows
SELECT position, 'discarded' AS state, shard, topic, messages, raw_bytes, held_at AS since, NULL AS scope, reason,
       discarded_at, discarded_by
FROM outbox_discarded
WHERE $1::text IS NULL OR topic = $1
ORDER BY discarded_at DESC, position
LIMIT $2
