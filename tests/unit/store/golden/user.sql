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
        '"groups":' || to_json(u.group_ids)) || '}' AS item
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
        '"groups":' || to_json(u.group_ids)) || '}' AS item
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
        '"groups":' || to_json(u.group_ids)) || '}' AS item
    FROM shown AS u
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.id), '') || ']' AS data, count(*)::int AS shown,
    max(item.id) AS last, (SELECT count(*) FROM page) > $2::int AS more, min(item.version) AS version
FROM item
