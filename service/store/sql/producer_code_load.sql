-- Load and lock codes. $1 ids, $2 code strings in lower case, each joined by commas
SELECT
    /*columns*/
FROM producer_code
WHERE id = ANY(string_to_array($1, ',')) OR lower(code) = ANY(string_to_array($2, ','))
ORDER BY id
FOR NO KEY UPDATE
