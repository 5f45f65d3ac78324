-- $1 ids, joined by commas
SELECT id, branch_code, display_name, version FROM branch WHERE id = ANY(string_to_array($1, ','))
