-- $1 ids; $2 organizations that may stop being insurers: their groups that hold codes of others decide
SELECT id, type, value, organization_id, product_ids, held_foreign, version
FROM registry_group
WHERE id = ANY($1::text[]) OR (organization_id = ANY($2::text[]) AND held_foreign > 0)
ORDER BY id
FOR NO KEY UPDATE
