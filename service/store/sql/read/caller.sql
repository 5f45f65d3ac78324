-- Part: the callers. A caller is the user whose username, or else whose id, is the subject of the token; `id` is null
-- for a subject that is not a user. A row for each row of the expression `request`, which has the columns place,
-- subject, day and visible (the externally visible code strings in lower case).
caller AS MATERIALIZED (
    SELECT request.place, request.day, request.visible, found.id, found.group_ids, found.enabled, found.code_secured
    FROM request
    LEFT JOIN LATERAL (
        SELECT u.id, u.group_ids, u.enabled, u.code_secured FROM (
            SELECT n.id, n.group_ids, n.enabled, n.code_secured, 1 AS priority
            FROM registry_user AS n WHERE n.username = request.subject
            UNION ALL
            SELECT i.id, i.group_ids, i.enabled, i.code_secured, 2 AS priority
            FROM registry_user AS i WHERE i.id = request.subject
        ) AS u ORDER BY u.priority LIMIT 1
    ) AS found ON true
)
