-- Load and lock users. $1 ids, joined by commas, $2 user names
SELECT
    /*columns*/
FROM registry_user
WHERE id = ANY(string_to_array($1, ',')) OR username = ANY($2::text[])
ORDER BY id
FOR NO KEY UPDATE
