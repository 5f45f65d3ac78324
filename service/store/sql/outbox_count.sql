-- Rows that wait, as far as it is worth counting.
SELECT count(*) FROM (SELECT FROM outbox LIMIT 100000) AS waiting
