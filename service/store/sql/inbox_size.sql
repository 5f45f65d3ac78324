-- Pages, the estimated number of rows, and the time since which ids are kept. $1 days that ids are kept
SELECT pg_relation_size('inbox') / current_setting('block_size')::bigint AS pages,
       GREATEST(reltuples, 0)::bigint AS rows,
       now() - make_interval(days => $1::int) AS since
FROM pg_class WHERE oid = 'inbox'::regclass
