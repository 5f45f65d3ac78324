-- Move held rows to outbox_discarded. $1 positions, $2 the user of the operating system who asked for it
WITH gone AS (
    DELETE FROM outbox_held
    WHERE position = ANY($1::bigint[])
    RETURNING position, shard, topic, reason, messages, raw_bytes, held_at, value
)
INSERT INTO outbox_discarded (position, shard, topic, reason, messages, raw_bytes, held_at, discarded_by, value)
SELECT position, shard, topic, reason, messages, raw_bytes, held_at,
       $2::text || ' (database user ' || session_user || ')', value
FROM gone
