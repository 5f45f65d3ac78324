-- How much waits and for how long, among the first frames. $1 limit of frames
SELECT count(*) AS rows, COALESCE(sum(messages), 0)::bigint AS messages,
       COALESCE(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_seconds
FROM (
    SELECT messages, created_at
    FROM outbox_frame
    ORDER BY position
    LIMIT $1
) AS waiting
