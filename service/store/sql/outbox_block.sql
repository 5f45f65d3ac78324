-- Take a block of positions for a batch, and the time of its decisions; the writer already holds the lock of batches
SELECT nextval('outbox_block') AS block, clock_timestamp() AS decided_at
