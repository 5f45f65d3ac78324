-- Continue the blocks after this one. $1 block
SELECT setval('outbox_block', $1::bigint)
