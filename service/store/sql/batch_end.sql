-- Write the rows of the inbox and the frames of a small batch, and set its marks. The first part of the parameters is
-- that of offset_mark_move.
-- Inbox: $8 sources, $9 command ids, $10 topics, $11 statuses, $12 subjects, $13 outcomes, $14 times of the decisions
-- Frames: $15 positions, $16 shards, $17 topics, $18 numbers of messages, $19 raw bytes, $20 values
WITH decided AS (
    INSERT INTO inbox (source, command_id, topic, status, subject, outcome, decided_at)
    SELECT *
    FROM unnest($8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bytea[], $14::timestamptz[])
),
waiting AS (
    INSERT INTO outbox_frame (position, shard, topic, messages, raw_bytes, value)
    SELECT *
    FROM unnest($15::bigint[], $16::smallint[], $17::text[], $18::integer[], $19::integer[], $20::bytea[])
)
/*move*/
