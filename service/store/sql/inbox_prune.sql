-- Delete old ids in one range of pages of the table, without an index. $1 keep ids decided since, $2 first page,
-- $3 page after the last
DELETE FROM inbox
WHERE ctid >= format('(%s,0)', $2::bigint)::tid AND ctid < format('(%s,0)', $3::bigint)::tid AND decided_at < $1
