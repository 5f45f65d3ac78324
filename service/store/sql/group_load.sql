-- Lists are texts, their items joined by commas.
-- $1 ids; $2 organizations that may stop being insurers: their groups that hold codes of others decide
SELECT id, type, value, organization_id, product_ids, held_foreign, version
FROM registry_group
WHERE id = ANY(string_to_array($1, ',')) OR (organization_id = ANY(string_to_array($2, ',')) AND held_foreign > 0)
ORDER BY id
FOR NO KEY UPDATE
