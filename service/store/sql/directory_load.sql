-- Load organizations, branches, roles or products. $1 ids, joined by commas
SELECT
    /*columns*/
FROM /*table*/
WHERE id = ANY(string_to_array($1, ','))
