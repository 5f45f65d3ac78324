-- Lock the marks of the batch's partitions and return the offset of each; a new partition starts at its first record.
-- A new partition that another transaction starts at the same time is not in the result.
-- $1 cluster, $2 topics, $3 topic ids, $4 partitions, $5 first offsets; sorted by topic and partition
-- $6 first and $7 second half of the lock for starting a partition, $8 offsets that the marks are known to have reached
WITH n AS MATERIALIZED (
    SELECT *
    FROM unnest((SELECT $2::text[]), (SELECT $3::text[]), (SELECT $4::int[]), (SELECT $5::bigint[]),
        (SELECT $8::bigint[])) AS n (topic, topic_id, partition, first_offset, known)
),
existing AS MATERIALIZED (
    SELECT n.topic, n.topic_id, n.partition, mark.next_offset
    FROM n
    CROSS JOIN LATERAL (
        SELECT m.next_offset
        FROM offset_mark AS m
        WHERE m.cluster_id = $1 AND m.topic = n.topic AND m.topic_id = n.topic_id AND m.partition = n.partition
          -- Old row versions have lower offsets: no plan reads them.
          AND m.next_offset >= n.known
        ORDER BY m.next_offset DESC
        LIMIT 1
        FOR UPDATE
    ) AS mark
),
started AS (
    INSERT INTO offset_mark (cluster_id, topic, topic_id, partition, next_offset)
    SELECT $1, n.topic, n.topic_id, n.partition, n.first_offset
    FROM n
    LEFT JOIN existing AS e ON e.topic = n.topic AND e.topic_id = n.topic_id AND e.partition = n.partition
    WHERE CASE WHEN e.topic IS NULL AND NOT EXISTS (
        SELECT FROM offset_mark AS o
        WHERE o.cluster_id = $1 AND o.topic = n.topic AND o.topic_id = n.topic_id AND o.partition = n.partition
    ) THEN pg_try_advisory_xact_lock($6::int, $7::int) ELSE false END
    RETURNING topic, partition, next_offset
)
SELECT topic, partition, next_offset, false AS started FROM existing
UNION ALL
SELECT topic, partition, next_offset, true AS started FROM started
