-- Rows that no batch of this process handed out. $1 shards, $2 first position, $3 before position,
-- $4 own blocks, $5 positions in a block, $6 how many at most
SELECT position, id, aggregatetype, aggregateid, type, payload, shard, topic, key, headers
FROM outbox
WHERE position >= $2 AND position < $3 AND shard = ANY($1::smallint[]) AND position / $5 <> ALL($4::bigint[])
ORDER BY position
LIMIT $6
