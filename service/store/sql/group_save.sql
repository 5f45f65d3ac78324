-- Update changed groups. $1 ids, $2 the version each was loaded with, $3 new versions, $4 types, $5 values (JSON),
-- $6 product ids joined by commas, $7 number of held codes of other organizations
UPDATE registry_group AS t
SET version = n.version, type = n.type, value = n.value::jsonb, product_ids = string_to_array(n.product_ids, ','),
    held_foreign = n.held_foreign
FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::int[])
    AS n (id, loaded_version, version, type, value, product_ids, held_foreign)
WHERE t.id = n.id AND t.version = n.loaded_version
