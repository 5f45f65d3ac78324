-- The block after the last one taken; the snapshot is older than that.
SELECT COALESCE(pg_sequence_last_value('outbox_block'), 0) + 1 AS block,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest_running
