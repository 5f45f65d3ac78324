-- $1 lock class, $2 shards
SELECT n.shard, pg_try_advisory_lock($1::int, n.shard) AS locked FROM unnest($2::int[]) AS n (shard)
