-- Every living relay shares this lock, so it can be counted. $1 lock class
SELECT pg_advisory_lock_shared($1::int, 0)
