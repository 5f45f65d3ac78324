-- How much waits in shards, among the first frames. $1 first position, $2 shards, $3 limit of frames
SELECT COALESCE(sum(messages), 0)::bigint AS messages, COALESCE(sum(raw_bytes), 0)::bigint AS raw_bytes,
       COALESCE(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_seconds
FROM (
    SELECT messages, raw_bytes, created_at
    FROM outbox_frame
    WHERE position >= $1 AND shard = ANY($2::smallint[])
    ORDER BY position
    LIMIT $3
) AS waiting
