-- $1 ids, joined by commas
SELECT id, name, institution_id, product_line, version FROM product WHERE id = ANY(string_to_array($1, ','))
