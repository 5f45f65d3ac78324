-- Pages, and the estimated number of rows
SELECT pg_relation_size('inbox') / current_setting('block_size')::bigint AS pages,
       GREATEST(reltuples, 0)::bigint AS rows
FROM pg_class WHERE oid = 'inbox'::regclass
