WITH
request AS (
    SELECT 1 AS place, $4::text AS subject, coalesce($5::date, (now() AT TIME ZONE 'UTC')::date) AS day,
        $6::text[] AS visible
),
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
),
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT DISTINCT held.id, held.code, held.description, held.appointment_date FROM caller CROSS JOIN LATERAL (
                SELECT own.id, own.code, own.description, own.appointment_date FROM (
                    SELECT a.code_id AS id, a.code, c.description, c.appointment_date
                    FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                    WHERE caller.enabled AND caller.code_secured AND a.user_id = caller.id
                        AND a.usable > 0 AND a.usable >= 1
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT 32
                ) AS own
                UNION ALL
                SELECT own.id, own.code, own.description, own.appointment_date FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
                    SELECT a.code_id AS id, a.code, c.description, c.appointment_date
                    FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                    WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
                        AND a.usable > 0 AND a.usable >= 1
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT 32
                ) AS own
                UNION ALL
                SELECT own.id, own.code, own.description, own.appointment_date FROM (
                    SELECT c.id, c.code, c.description, c.appointment_date FROM producer_code AS c
                    WHERE caller.enabled AND NOT caller.code_secured
                        AND c.usable > 0 AND c.usable >= 1
                        AND (c.appointment_date > caller.day) IS NOT TRUE
                        AND (c.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, c.code DESC LIMIT 32
                ) AS own
                UNION ALL
                SELECT c.id, c.code, c.description, c.appointment_date FROM producer_code AS c
                WHERE caller.id IS NULL AND lower(c.code) = ANY(caller.visible)
                    AND c.usable > 0 AND c.usable >= 1
                    AND (c.appointment_date > caller.day) IS NOT TRUE
                    AND (c.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
            ) AS held
            ORDER BY held.description DESC NULLS LAST, held.appointment_date ASC NULLS LAST, held.code DESC LIMIT 32
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        SELECT shown.n, c.version, '/admin/v1/producer-codes/' || c.id AS href,
            '{' || concat_ws(',',
                '"branch":{"branchCode":' || to_json(b.branch_code) || ',"displayName":' || to_json(b.display_name)
                    || ',"id":' || to_json(b.id) || '}',
                '"code":' || to_json(c.code),
                '"description":' || to_json(c.description),
                '"displayName":' || to_json(c.code),
                '"id":' || to_json(c.id),
                '"organization":{"displayName":' || to_json(o.display_name) || ',"id":' || to_json(o.id)
                    || ',"type":"Organization","uri":' || to_json('/admin/v1/organizations/' || o.id) || '}',
                '"producerStatus":{"code":' || to_json(c.status) || ',"name":' || to_json(c.status) || '}',
                '"roles":' || (
                    SELECT '[' || coalesce(string_agg(
                        '{"displayName":' || to_json(r.display_name) || ',"id":' || to_json(r.id)
                            || ',"type":"Role","uri":' || to_json('/admin/v1/roles/' || r.id) || '}', ',' ORDER BY r.id), '') || ']'
                    FROM role AS r WHERE r.id = ANY(c.role_ids)),
                '"appointmentDate":' || to_json(c.appointment_date),
                '"terminationDate":' || to_json(c.termination_date)
            ) || '}'
            AS attributes
        FROM shown
        JOIN producer_code AS c ON c.id = shown.id
        JOIN organization AS o ON o.id = c.organization_id
        LEFT JOIN branch AS b ON b.id = c.branch_id
        OFFSET 0
    ) AS detail
)
SELECT '[' || coalesce(string_agg(
        '{"attributes":' || CASE WHEN $3::text[] IS NULL THEN item.attributes ELSE (
            SELECT '{' || coalesce(string_agg(to_json(f.key) || ':' || f.value, ','), '') || '}'
            FROM json_each(item.attributes::json) AS f WHERE f.key = ANY($3::text[])) END
        || ',"checksum":"' || item.tag || '","links":{"self":{"href":' || to_json(item.href)
        || ',"methods":["get"]}}}', ',' ORDER BY item.n), '') || ']' AS data,
    count(*)::int AS shown, min(item.tag) AS tag, (SELECT count(*) FROM page) > $2::int AS more,
    (
        SELECT count(*) FROM (
            SELECT DISTINCT held.id, held.code, held.description, held.appointment_date FROM caller CROSS JOIN LATERAL (
                SELECT own.id, own.code, own.description, own.appointment_date FROM (
                    SELECT a.code_id AS id, a.code, c.description, c.appointment_date
                    FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                    WHERE caller.enabled AND caller.code_secured AND a.user_id = caller.id
                        AND a.usable > 0 AND a.usable >= 1
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT ALL
                ) AS own
                UNION ALL
                SELECT own.id, own.code, own.description, own.appointment_date FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
                    SELECT a.code_id AS id, a.code, c.description, c.appointment_date
                    FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                    WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
                        AND a.usable > 0 AND a.usable >= 1
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT ALL
                ) AS own
                UNION ALL
                SELECT own.id, own.code, own.description, own.appointment_date FROM (
                    SELECT c.id, c.code, c.description, c.appointment_date FROM producer_code AS c
                    WHERE caller.enabled AND NOT caller.code_secured
                        AND c.usable > 0 AND c.usable >= 1
                        AND (c.appointment_date > caller.day) IS NOT TRUE
                        AND (c.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, c.code DESC LIMIT ALL
                ) AS own
                UNION ALL
                SELECT c.id, c.code, c.description, c.appointment_date FROM producer_code AS c
                WHERE caller.id IS NULL AND lower(c.code) = ANY(caller.visible)
                    AND c.usable > 0 AND c.usable >= 1
                    AND (c.appointment_date > caller.day) IS NOT TRUE
                    AND (c.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
            ) AS held
            ORDER BY held.description DESC NULLS LAST, held.appointment_date ASC NULLS LAST, held.code DESC LIMIT ALL
        ) AS counted
    ) AS total,
    (SELECT coalesce(caller.enabled, true) FROM caller) AS verdict
FROM item
