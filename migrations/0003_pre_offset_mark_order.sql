-- migrate:up

-- While any transaction of the server stays open no old version of a mark can be removed, and each batch leaves one.
-- A mark is found from its end of the index from now on: the version that counts is the first one there, and the key of
-- an old version is another one. There is still one row of each partition.
ALTER TABLE offset_mark
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT offset_mark_pkey,
    -- The table has a row for each partition.
    -- squawk-ignore constraint-missing-not-valid, adding-serial-primary-key-field, disallowed-unique-constraint
    ADD CONSTRAINT offset_mark_pkey PRIMARY KEY (cluster_id, topic, topic_id, partition, next_offset),
    -- No update is a HOT update any more, so there is nothing to leave room for.
    RESET (fillfactor);

-- migrate:down
