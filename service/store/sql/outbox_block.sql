-- A block of positions for the batch; the snapshot is older than the block.
SELECT nextval('outbox_block') AS block, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_running
