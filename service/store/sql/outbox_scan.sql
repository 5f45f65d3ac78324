-- The first frames of shards: at least one, within limits on messages and raw bytes of all together.
-- $1 first position, $2 shards, $3 limit of messages, $4 limit of raw bytes
SELECT position, shard, topic, messages, raw_bytes, value
FROM (
    SELECT position, shard, topic, messages, raw_bytes, value,
           sum(messages) OVER w AS messages_so_far, sum(raw_bytes) OVER w AS bytes_so_far
    FROM (
        SELECT position, shard, topic, messages, raw_bytes, value
        FROM outbox_frame
        WHERE position >= $1 AND shard = ANY($2::smallint[])
        ORDER BY position
        LIMIT $3
    ) AS waiting
    WINDOW w AS (ORDER BY position ROWS UNBOUNDED PRECEDING)
) AS counted
WHERE (messages_so_far <= $3 AND bytes_so_far <= $4) OR messages_so_far = messages
ORDER BY position
