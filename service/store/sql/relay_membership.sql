-- The number of running relays, and the shards that are locked. $1 lock class of shards, $2 lock class of relays
SELECT count(*) FILTER (WHERE l.classid = $2::oid) AS relays,
       COALESCE(array_agg(l.objid::int) FILTER (WHERE l.classid = $1::oid), '{}') AS locked
FROM pg_locks AS l
WHERE l.locktype = 'advisory'
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  AND l.classid IN ($1::oid, $2::oid)
  AND l.granted
