-- Take a block of positions for a batch; the writer already holds the lock of batches
SELECT nextval('outbox_block') AS block
