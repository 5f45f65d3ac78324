-- $1 shards, $2 after this position, $3 limit of rows
SELECT position, shard, topic, scope, reason, messages, raw_bytes,
       -- the value contains the keys; a row for a whole topic needs none
       CASE scope WHEN 'key' THEN value END AS value
FROM outbox_held
WHERE shard = ANY($1::smallint[]) AND position > $2
ORDER BY position
LIMIT $3
