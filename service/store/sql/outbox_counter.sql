-- The last block that was taken
SELECT COALESCE(pg_sequence_last_value('outbox_block'), 0) AS block
