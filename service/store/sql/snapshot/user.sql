-- Ids in order. $1 after this id, $2 only of this organization (null for all), $3 limit of rows
SELECT id FROM registry_user
WHERE id > $1 AND ($2::text IS NULL OR organization_id = $2)
ORDER BY id
LIMIT $3
