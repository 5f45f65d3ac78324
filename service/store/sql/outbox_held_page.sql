-- The next held rows of each shard and topic: at least one, within limits on messages and raw bytes of all together.
-- $1 shards, $2 topics, $3 after these positions, $4 limit of rows of each, $5 limit of messages, $6 limit of raw bytes
SELECT position, shard, topic, scope, reason, messages, raw_bytes, value
FROM (
    SELECT h.position, h.shard, h.topic, h.scope, h.reason, h.messages, h.raw_bytes, h.value,
           sum(h.messages) OVER w AS messages_so_far, sum(h.raw_bytes) OVER w AS bytes_so_far
    FROM unnest($1::smallint[], $2::text[], $3::bigint[]) AS n (shard, topic, after)
    CROSS JOIN LATERAL (
        SELECT position, shard, topic, scope, reason, messages, raw_bytes, value
        FROM outbox_held
        WHERE shard = n.shard AND topic = n.topic AND position > n.after
        ORDER BY position
        LIMIT $4
    ) AS h
    WINDOW w AS (ORDER BY h.position ROWS UNBOUNDED PRECEDING)
) AS counted
WHERE (messages_so_far <= $5 AND bytes_so_far <= $6) OR messages_so_far = messages
ORDER BY position
