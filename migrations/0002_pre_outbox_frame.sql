-- migrate:up

-- A row of the outbox becomes a frame: the messages of one batch, one shard and one topic, in one binary value
-- (service/store/frame.py). Stop every process of the previous version: it cannot use the new tables.

CREATE TABLE outbox_frame (
    -- position of its first message
    position bigint PRIMARY KEY,
    shard smallint NOT NULL,
    topic text COLLATE "C" NOT NULL,
    messages integer NOT NULL,
    -- before compression
    raw_bytes integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    value bytea NOT NULL
) WITH (
    -- A compressed frame takes up to 85 kB: 2,000 deleted rows take at most 170 MB.
    autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1,
    toast.autovacuum_vacuum_scale_factor = 0.0, toast.autovacuum_vacuum_threshold = 20000,
    toast.autovacuum_vacuum_insert_threshold = -1,
    -- Truncating the file takes an exclusive lock, and the next batch needs the space again.
    vacuum_truncate = off, toast.vacuum_truncate = off
);
-- The value is already compressed.
ALTER TABLE outbox_frame ALTER COLUMN value SET STORAGE EXTERNAL;

-- Messages that the broker refused, and messages that are held back behind them. A row is a frame.
CREATE TABLE outbox_held (
    position bigint PRIMARY KEY,
    shard smallint NOT NULL,
    topic text COLLATE "C" NOT NULL,
    -- topic: all later messages of the shard for the topic wait; key: only those with the same keys wait
    scope text COLLATE "C" NOT NULL CHECK (scope IN ('topic', 'key')),
    reason text COLLATE "C" NOT NULL,
    messages integer NOT NULL,
    raw_bytes integer NOT NULL,
    held_at timestamptz NOT NULL DEFAULT now(),
    value bytea NOT NULL
) WITH (vacuum_truncate = off, toast.vacuum_truncate = off);
ALTER TABLE outbox_held ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE INDEX outbox_held_order ON outbox_held (shard, topic, position);

-- Messages that operators discarded, and who did it.
CREATE TABLE outbox_discarded (
    position bigint PRIMARY KEY,
    shard smallint NOT NULL,
    topic text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    messages integer NOT NULL,
    raw_bytes integer NOT NULL,
    held_at timestamptz NOT NULL,
    discarded_at timestamptz NOT NULL DEFAULT now(),
    discarded_by text COLLATE "C" NOT NULL,
    value bytea NOT NULL
);
ALTER TABLE outbox_discarded ALTER COLUMN value SET STORAGE EXTERNAL;

-- Move waiting messages: one frame for each message, in the plain format.
LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE;
INSERT INTO outbox_frame (position, shard, topic, messages, raw_bytes, value)
SELECT position, shard, topic, 1, octet_length(raw), '\x00'::bytea || raw
FROM (
    SELECT position, shard, topic,
           int4send(octet_length(text)) || text || COALESCE(key, '') || COALESCE(payload, '') AS raw
    FROM (
        SELECT position, shard, topic, key, payload,
               convert_to(
                   json_build_array(
                       NULL, json_build_array(0), json_build_array(id),
                       json_build_array(aggregatetype), json_build_array(aggregateid), json_build_array(type),
                       json_build_array(convert_from(headers, 'UTF8')::json),
                       json_build_array(octet_length(key)), json_build_array(octet_length(payload))
                   )::text, 'UTF8'
               ) AS text
        FROM outbox
    ) AS columns
) AS rows;
-- squawk-ignore ban-drop-table
DROP TABLE outbox;

-- A position is epoch * 10^16 + block * 10^5 + number within the block. The sequence includes the epoch: positions of
-- this version are behind all of the previous version, and positions of a later epoch are behind all of this one.
ALTER SEQUENCE outbox_block START WITH 100000000001 RESTART;

-- migrate:down
