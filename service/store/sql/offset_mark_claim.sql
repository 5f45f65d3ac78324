-- Locks the marks of the batch's partitions and answers where each stands; a new partition starts at its first record.
-- A new partition that somebody else starts at this moment is not in the answer.
-- $1 cluster, $2 topics, $3 topic ids, $4 partitions, $5 first offsets; rows sorted by topic and partition
-- $6 first and $7 second half of the lock of starting, $8 offsets that the marks have reached, as far as is known
WITH n AS MATERIALIZED (
    SELECT *
    FROM unnest($2::text[], $3::text[], $4::int[], $5::bigint[], $8::bigint[])
        AS n (topic, topic_id, partition, first_offset, known)
),
there AS MATERIALIZED (
    SELECT n.topic, n.topic_id, n.partition, mark.next_offset
    FROM n
    CROSS JOIN LATERAL (
        SELECT m.next_offset
        FROM offset_mark AS m
        WHERE m.cluster_id = $1 AND m.topic = n.topic AND m.topic_id = n.topic_id AND m.partition = n.partition
          -- Old versions lie before: whatever the plan is, it does not walk over them.
          AND m.next_offset >= n.known
        ORDER BY m.next_offset DESC
        LIMIT 1
        FOR UPDATE
    ) AS mark
),
made AS (
    INSERT INTO offset_mark (cluster_id, topic, topic_id, partition, next_offset)
    SELECT $1, n.topic, n.topic_id, n.partition, n.first_offset
    FROM n
    LEFT JOIN there AS t ON t.topic = n.topic AND t.topic_id = n.topic_id AND t.partition = n.partition
    WHERE CASE WHEN t.topic IS NULL AND NOT EXISTS (
        SELECT FROM offset_mark AS o
        WHERE o.cluster_id = $1 AND o.topic = n.topic AND o.topic_id = n.topic_id AND o.partition = n.partition
    ) THEN pg_try_advisory_xact_lock($6::int, $7::int) ELSE false END
    RETURNING topic, partition, next_offset
)
SELECT topic, partition, next_offset, false AS made FROM there
UNION ALL
SELECT topic, partition, next_offset, true AS made FROM made
