-- Take the lock that every running relay shares, so that relays can be counted. $1 lock class
SELECT pg_advisory_lock_shared($1::int, 0)
