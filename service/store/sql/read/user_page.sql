-- Statement: one page of users, or one user, in the order of their ids, as one row: the producers of the groups
-- document. list_page.py makes it for all users, the users of organizations and one user.
-- $1 the id to continue after (or the id of the one user), $2 users to show; then the values of the source.
-- Placeholders:
--   source  user_source.sql, organization_user_source.sql or user_one_source.sql
--   shown   attributes that are shown as they are (shown.py), or empty
WITH page AS MATERIALIZED (
    SELECT u.* FROM (
        /*source*/
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
        /*shown*/
    ) || '}' AS item
    FROM shown AS u
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.id), '') || ']' AS data, count(*)::int AS shown,
    max(item.id) AS last, (SELECT count(*) FROM page) > $2::int AS more, min(item.version) AS version
FROM item
