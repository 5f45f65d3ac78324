-- $1 lock class, $2 shards
SELECT n.shard, pg_advisory_unlock($1::int, n.shard) AS unlocked FROM unnest($2::int[]) AS n (shard)
