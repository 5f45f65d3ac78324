-- batch_end
-- Write the rows of the inbox and the frames of a small batch, and set its marks. The first part of the parameters is
-- that of offset_mark_move.
-- Inbox: $8 times of the decisions, $9 senders, $10 command ids, $11 outcomes
-- Frames: $12 positions, $13 shards, $14 topics, $15 numbers of messages, $16 raw bytes, $17 values
WITH decided AS (
    INSERT INTO inbox (decided_at, sender, command_id, outcome)
    SELECT *
    FROM unnest((SELECT $8::timestamptz[]), (SELECT $9::bigint[]), (SELECT $10::bytea[]), (SELECT $11::bytea[]))
),
waiting AS (
    INSERT INTO outbox_frame (position, shard, topic, messages, raw_bytes, value)
    SELECT *
    FROM unnest((SELECT $12::bigint[]), (SELECT $13::smallint[]), (SELECT $14::text[]), (SELECT $15::integer[]),
        (SELECT $16::integer[]), (SELECT $17::bytea[]))
)
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

