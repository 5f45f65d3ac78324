-- Set locked marks. The mark of a partition that this transaction started is set only if it is the only one: otherwise
-- another transaction started the partition between the snapshot and the lock for starting it.
-- $1 cluster, $2 topics, $3 topic ids, $4 partitions, $5 current offsets, $6 next offsets, $7 whether it was started
UPDATE offset_mark AS mark
SET next_offset = found.next_offset, updated_at = now()
FROM (
    SELECT here.place, n.next_offset
    FROM unnest((SELECT $2::text[]), (SELECT $3::text[]), (SELECT $4::int[]), (SELECT $5::bigint[]),
        (SELECT $6::bigint[]), (SELECT $7::boolean[]))
        AS n (topic, topic_id, partition, offset_now, next_offset, started)
    -- By the whole key, one by one: a plan for a join could read all marks and their old row versions.
    CROSS JOIN LATERAL (
        SELECT m.ctid AS place
        FROM offset_mark AS m
        WHERE m.cluster_id = $1
          AND m.topic = n.topic
          AND m.topic_id = n.topic_id
          AND m.partition = n.partition
          AND m.next_offset = n.offset_now
        LIMIT 1
    ) AS here
    WHERE CASE WHEN n.started THEN NOT EXISTS (
        SELECT FROM offset_mark AS other
        WHERE other.cluster_id = $1
          AND other.topic = n.topic
          AND other.topic_id = n.topic_id
          AND other.partition = n.partition
          AND other.next_offset <> n.offset_now
    ) ELSE true END
) AS found
WHERE mark.ctid = found.place
