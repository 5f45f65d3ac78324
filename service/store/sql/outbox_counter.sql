-- The last block that was taken. pg_sequence_last_value would return null, not an error, to a role without SELECT
SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS block FROM outbox_block
