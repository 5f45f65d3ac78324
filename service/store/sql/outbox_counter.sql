-- The last block handed out.
SELECT COALESCE(pg_sequence_last_value('outbox_block'), 0) AS block
