-- Part: the caller is the user whose username, else id, is the token's subject ($4); no row for somebody unknown here.
caller AS MATERIALIZED (
    SELECT u.id, u.group_ids, u.enabled, u.code_secured FROM (
        SELECT u.*, 1 AS place FROM registry_user AS u WHERE u.username = $4::text
        UNION ALL
        SELECT u.*, 2 AS place FROM registry_user AS u WHERE u.id = $4::text
    ) AS u ORDER BY u.place LIMIT 1
),
