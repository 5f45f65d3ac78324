-- The transactions that hold the lock of batches. $1 first and $2 second half of its number
SELECT COALESCE(array_agg(l.virtualtransaction), '{}') AS writers
FROM pg_locks AS l
WHERE l.locktype = 'advisory'
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  AND l.classid = $1::oid
  AND l.objid = $2::oid
  AND l.granted
