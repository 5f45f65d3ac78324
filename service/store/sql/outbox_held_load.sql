-- $1 shards, $2 after this position, $3 rows at most
SELECT position, shard, topic, scope, reason, messages, raw_bytes,
       -- the keys of a row are in its value; a whole topic needs none
       CASE scope WHEN 'key' THEN value END AS value
FROM outbox_held
WHERE shard = ANY($1::smallint[]) AND position > $2
ORDER BY position
LIMIT $3
