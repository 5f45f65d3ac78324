-- Sets marks that are locked, and answers how many. Of a partition that was started it is the only mark: else somebody
-- else started it between the snapshot and the lock of starting.
-- $1 cluster, $2 topics, $3 topic ids, $4 partitions, $5 offsets now, $6 next offsets, $7 whether it was started
UPDATE offset_mark AS mark
SET next_offset = found.next_offset, updated_at = now()
FROM (
    SELECT here.place, n.next_offset
    FROM unnest($2::text[], $3::text[], $4::int[], $5::bigint[], $6::bigint[], $7::boolean[])
        AS n (topic, topic_id, partition, offset_now, next_offset, started)
    -- Each by its whole key: a join would be free to walk over all marks and their old versions instead.
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
