SELECT id, branch_code, display_name, version FROM branch WHERE id = ANY($1::text[])
