-- The id of a transaction that begins now: greater than that of any that has one already.
SELECT pg_current_xact_id()::text::bigint AS transaction
