SELECT id, name, institution_id, product_line, version FROM product WHERE id = ANY($1::text[])
