-- Part: the caller is the user whose username, else id, is the token's subject ($4); no row for somebody unknown here.
caller AS MATERIALIZED (
    SELECT u.id, u.group_ids, u.enabled, u.code_secured FROM (
        SELECT n.id, n.group_ids, n.enabled, n.code_secured, 1 AS place
        FROM registry_user AS n WHERE n.username = $4::text
        UNION ALL
        SELECT i.id, i.group_ids, i.enabled, i.code_secured, 2 AS place FROM registry_user AS i WHERE i.id = $4::text
    ) AS u ORDER BY u.place LIMIT 1
),
