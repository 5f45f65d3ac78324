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
/*move*/
