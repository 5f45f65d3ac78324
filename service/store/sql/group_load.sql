-- Load and lock groups. $1 ids, $2 ids of organizations that may stop being insurers, each joined by commas.
-- Whether they may depends on their groups that hold codes of other organizations.
SELECT
    /*columns*/
FROM registry_group
WHERE id = ANY(string_to_array($1, ',')) OR (organization_id = ANY(string_to_array($2, ',')) AND held_foreign > 0)
ORDER BY id
FOR NO KEY UPDATE
