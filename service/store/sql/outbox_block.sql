-- A block of positions for the batch, and the batch's transaction; the snapshot is older than the block.
SELECT nextval('outbox_block') AS block,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_running,
       pg_current_xact_id()::text::bigint AS transaction
