-- Ids in order. $1 after this id, $2 organization: these belong to none, so the result is empty unless it is null,
-- $3 limit of rows
SELECT id FROM product
WHERE id > $1 AND $2::text IS NULL
ORDER BY id
LIMIT $3
