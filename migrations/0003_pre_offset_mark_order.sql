-- migrate:up

-- While any transaction of the server stays open, old row versions of a mark cannot be removed, and each batch leaves
-- one. With the offset in the key, a mark is read from the end of its index range: the current row version is the first
-- one there, and old row versions have other keys. There is still one row for each partition.
ALTER TABLE offset_mark
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT offset_mark_pkey,
    -- The table is small: it has one row for each partition.
    -- squawk-ignore constraint-missing-not-valid, adding-serial-primary-key-field, disallowed-unique-constraint
    ADD CONSTRAINT offset_mark_pkey PRIMARY KEY (cluster_id, topic, topic_id, partition, next_offset),
    -- Updates are no longer HOT updates, so free space in pages has no use.
    RESET (fillfactor);

-- migrate:down
