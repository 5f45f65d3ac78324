-- Frames whose first position is in a range, the last first. $1 first and $2 last position, $3 limit of rows
SELECT position, state, shard, topic, messages, raw_bytes, since, scope, reason, discarded_at, discarded_by, value
FROM (
    SELECT position, 'waiting' AS state, shard, topic, messages, raw_bytes, created_at AS since,
           NULL AS scope, NULL AS reason, NULL::timestamptz AS discarded_at, NULL AS discarded_by, value
    FROM outbox_frame
    WHERE position BETWEEN $1 AND $2
    UNION ALL
    SELECT position, 'held', shard, topic, messages, raw_bytes, held_at, scope, reason, NULL, NULL, value
    FROM outbox_held
    WHERE position BETWEEN $1 AND $2
    UNION ALL
    SELECT position, 'discarded', shard, topic, messages, raw_bytes, held_at, NULL, reason,
           discarded_at, discarded_by, value
    FROM outbox_discarded
    WHERE position BETWEEN $1 AND $2
) AS found
ORDER BY position DESC
LIMIT $3
