-- Forgets old ids in one stretch of the table. No index is read or needed: pages are walked in their order.
-- $1 remembered since, $2 first page, $3 page after the last
DELETE FROM inbox
WHERE ctid >= format('(%s,0)', $2::bigint)::tid AND ctid < format('(%s,0)', $3::bigint)::tid AND decided_at < $1
