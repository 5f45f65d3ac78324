-- Ids in order. $1 after this one, $2 only of this organization (null: of all), $3 how many at most
SELECT id FROM registry_group
WHERE id > $1 AND ($2::text IS NULL OR organization_id = $2)
ORDER BY id
LIMIT $3
