-- Update changed users. $1 ids, $2 the version each was loaded with, $3 new versions, then the columns (group ids
-- joined by commas)
UPDATE registry_user AS t
SET version = n.version, name = n.name, email = n.email, external_id = n.external_id, username = n.username,
    group_ids = string_to_array(n.group_ids, ','), enabled = n.enabled, external_user = n.external_user,
    code_secured = n.code_secured, held = n.held, held_foreign = n.held_foreign
FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::boolean[], $10::boolean[], $11::boolean[], $12::int[], $13::int[])
    AS n (id, loaded_version, version, name, email, external_id, username, group_ids,
          enabled, external_user, code_secured, held, held_foreign)
WHERE t.id = n.id AND t.version = n.loaded_version
