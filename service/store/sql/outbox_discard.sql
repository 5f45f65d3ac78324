-- Published rows. Both ends of each range are given: an open range would walk the index entries of rows long gone.
-- $1 first positions, $2 last positions, $3 shards this process publishes
DELETE FROM outbox AS o
USING unnest($1::bigint[], $2::bigint[]) AS r (first, last)
WHERE o.position BETWEEN r.first AND r.last AND o.shard = ANY($3::smallint[])
