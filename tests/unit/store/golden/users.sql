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
