-- user_load
-- Load and lock users. $1 ids, joined by commas, $2 user names
SELECT
    id,
    name,
    email,
    organization_id,
    external_id,
    username,
    group_ids,
    enabled,
    external_user,
    code_secured,
    held,
    held_foreign,
    version
FROM registry_user
WHERE id = ANY(string_to_array($1, ',')) OR username = ANY($2::text[])
ORDER BY id
FOR NO KEY UPDATE

-- user_save
-- Update changed groups, users or codes. $1 ids, $2 the version each was loaded with, $3 new versions, then the columns
-- that can change: lists of ids joined by commas, JSON as text
UPDATE registry_user AS t SET
    version = n.version,
    name = n.name,
    email = n.email,
    external_id = n.external_id,
    username = n.username,
    group_ids = string_to_array(n.group_ids, ','),
    enabled = n.enabled,
    external_user = n.external_user,
    code_secured = n.code_secured,
    held = n.held,
    held_foreign = n.held_foreign
FROM unnest(
    $1::text[], $2::integer[], $3::integer[],
    $4::text[],
    $5::text[],
    $6::text[],
    $7::text[],
    $8::text[],
    $9::boolean[],
    $10::boolean[],
    $11::boolean[],
    $12::integer[],
    $13::integer[]
) AS n (
    id, loaded_version, version,
    name,
    email,
    external_id,
    username,
    group_ids,
    enabled,
    external_user,
    code_secured,
    held,
    held_foreign
)
WHERE t.id = n.id AND t.version = n.loaded_version

-- users
WITH page AS MATERIALIZED (
    SELECT u.* FROM (
        SELECT u.* FROM registry_user AS u WHERE u.id > $1::text ORDER BY u.id LIMIT 32
    ) AS u LIMIT $2::int + 1
), shown AS (
    SELECT u.* FROM page AS u ORDER BY u.id LIMIT $2::int
), item AS (
    SELECT u.id, u.version, '{' || concat_ws(',',
        '"id":' || to_json(u.id),
        '"name":' || to_json(u.name),
        '"email":' || to_json(u.email),
        '"external_id":' || to_json(u.external_id),
        '"enabled":' || to_json(u.enabled),
        '"distributor":{"id":' || to_json(u.organization_id) || ',"name":' || (
            SELECT to_json(o.display_name) FROM organization AS o WHERE o.id = u.organization_id) || '}',
        '"groups":' || to_json(u.group_ids)
    ) || '}' AS item
    FROM shown AS u
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.id), '') || ']' AS data, count(*)::int AS shown,
    max(item.id) AS last, (SELECT count(*) FROM page) > $2::int AS more, min(item.version) AS version
FROM item

-- users.of_organizations
WITH page AS MATERIALIZED (
    SELECT u.* FROM (
        SELECT held.* FROM unnest((SELECT $3::text[])) AS wanted (id) CROSS JOIN LATERAL (
            SELECT u.* FROM registry_user AS u WHERE u.organization_id = wanted.id AND u.id > $1::text
            ORDER BY u.id LIMIT 32
        ) AS held
        ORDER BY held.id LIMIT 32
    ) AS u LIMIT $2::int + 1
), shown AS (
    SELECT u.* FROM page AS u ORDER BY u.id LIMIT $2::int
), item AS (
    SELECT u.id, u.version, '{' || concat_ws(',',
        '"id":' || to_json(u.id),
        '"name":' || to_json(u.name),
        '"email":' || to_json(u.email),
        '"external_id":' || to_json(u.external_id),
        '"enabled":' || to_json(u.enabled),
        '"distributor":{"id":' || to_json(u.organization_id) || ',"name":' || (
            SELECT to_json(o.display_name) FROM organization AS o WHERE o.id = u.organization_id) || '}',
        '"groups":' || to_json(u.group_ids)
    ) || '}' AS item
    FROM shown AS u
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.id), '') || ']' AS data, count(*)::int AS shown,
    max(item.id) AS last, (SELECT count(*) FROM page) > $2::int AS more, min(item.version) AS version
FROM item

-- users.one
WITH page AS MATERIALIZED (
    SELECT u.* FROM (
        SELECT u.* FROM registry_user AS u
        WHERE u.id = $1::text AND ($3::text[] IS NULL OR u.organization_id = ANY($3::text[]))
    ) AS u LIMIT $2::int + 1
), shown AS (
    SELECT u.* FROM page AS u ORDER BY u.id LIMIT $2::int
), item AS (
    SELECT u.id, u.version, '{' || concat_ws(',',
        '"id":' || to_json(u.id),
        '"name":' || to_json(u.name),
        '"email":' || to_json(u.email),
        '"external_id":' || to_json(u.external_id),
        '"enabled":' || to_json(u.enabled),
        '"distributor":{"id":' || to_json(u.organization_id) || ',"name":' || (
            SELECT to_json(o.display_name) FROM organization AS o WHERE o.id = u.organization_id) || '}',
        '"groups":' || to_json(u.group_ids)
    ) || '}' AS item
    FROM shown AS u
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.id), '') || ']' AS data, count(*)::int AS shown,
    max(item.id) AS last, (SELECT count(*) FROM page) > $2::int AS more, min(item.version) AS version
FROM item
