-- A block of positions for the batch. The writer holds the lock of batches by now.
SELECT nextval('outbox_block') AS block
