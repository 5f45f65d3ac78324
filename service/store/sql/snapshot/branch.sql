-- Ids in order. $1 after this one, $2 an organization: these belong to none, so then there are none, $3 how many at most
SELECT id FROM branch
WHERE id > $1 AND $2::text IS NULL
ORDER BY id
LIMIT $3
