-- codes
WITH
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT c.id FROM producer_code AS c WHERE true
            ORDER BY c.code LIMIT 32
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
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
    NULL::bigint AS total,
    true AS verdict
FROM item

-- codes.filtered_sorted_counted
WITH
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT c.id FROM producer_code AS c WHERE true AND c.status = ANY($4::text[]) AND strpos(c.description, $5::text) > 0
            ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, c.code DESC LIMIT 32
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
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
            SELECT c.id FROM producer_code AS c WHERE true AND c.status = ANY($4::text[]) AND strpos(c.description, $5::text) > 0
            ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, c.code DESC LIMIT ALL
        ) AS counted
    ) AS total,
    true AS verdict
FROM item

-- codes.one
WITH
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT c.id FROM producer_code AS c WHERE true AND c.id = $4::text
            ORDER BY c.code LIMIT 32
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
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
    NULL::bigint AS total,
    true AS verdict
FROM item

-- codes_of_group
WITH
owner AS MATERIALIZED (
    SELECT g.id, g.version FROM registry_group AS g
    WHERE g.id = $4::text AND ($5::text[] IS NULL OR g.organization_id = ANY($5::text[]))
),
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT a.code_id AS id FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
            WHERE a.group_id = $4::text AND EXISTS (SELECT FROM owner)
            ORDER BY a.code LIMIT 32
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        SELECT shown.n, owner.version, '/admin/v1/groups/' || owner.id || '/producer-codes/' || c.id AS href,
            '{' || concat_ws(',',
                '"branch":{"branchCode":' || to_json(b.branch_code) || ',"displayName":' || to_json(b.display_name)
                    || ',"id":' || to_json(b.id) || '}',
                '"code":' || to_json(c.code),
                '"description":' || to_json(c.description),
                '"id":' || to_json(a.id),
                '"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id) || '}',
                '"producerStatus":{"code":' || to_json(c.status) || ',"name":' || to_json(c.status) || '}'
            ) || '}'
            AS attributes
        FROM owner CROSS JOIN shown
        JOIN group_producer_code AS a ON a.group_id = $4::text AND a.code_id = shown.id
        JOIN producer_code AS c ON c.id = shown.id
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
    NULL::bigint AS total,
    EXISTS (SELECT FROM owner) AS verdict
FROM item

-- codes_of_group.filtered_sorted_counted
WITH
owner AS MATERIALIZED (
    SELECT g.id, g.version FROM registry_group AS g
    WHERE g.id = $4::text AND ($5::text[] IS NULL OR g.organization_id = ANY($5::text[]))
),
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT a.code_id AS id FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
            WHERE a.group_id = $4::text AND EXISTS (SELECT FROM owner) AND c.status = ANY($6::text[]) AND strpos(c.description, $7::text) > 0
            ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT 32
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        SELECT shown.n, owner.version, '/admin/v1/groups/' || owner.id || '/producer-codes/' || c.id AS href,
            '{' || concat_ws(',',
                '"branch":{"branchCode":' || to_json(b.branch_code) || ',"displayName":' || to_json(b.display_name)
                    || ',"id":' || to_json(b.id) || '}',
                '"code":' || to_json(c.code),
                '"description":' || to_json(c.description),
                '"id":' || to_json(a.id),
                '"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id) || '}',
                '"producerStatus":{"code":' || to_json(c.status) || ',"name":' || to_json(c.status) || '}'
            ) || '}'
            AS attributes
        FROM owner CROSS JOIN shown
        JOIN group_producer_code AS a ON a.group_id = $4::text AND a.code_id = shown.id
        JOIN producer_code AS c ON c.id = shown.id
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
            SELECT a.code_id AS id FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
            WHERE a.group_id = $4::text AND EXISTS (SELECT FROM owner) AND c.status = ANY($6::text[]) AND strpos(c.description, $7::text) > 0
            ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT ALL
        ) AS counted
    ) AS total,
    EXISTS (SELECT FROM owner) AS verdict
FROM item

-- codes_of_group.one
WITH
owner AS MATERIALIZED (
    SELECT g.id, g.version FROM registry_group AS g
    WHERE g.id = $4::text AND ($5::text[] IS NULL OR g.organization_id = ANY($5::text[]))
),
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT a.code_id AS id FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
            WHERE a.group_id = $4::text AND EXISTS (SELECT FROM owner) AND c.id = $6::text
            ORDER BY a.code LIMIT 32
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        SELECT shown.n, owner.version, '/admin/v1/groups/' || owner.id || '/producer-codes/' || c.id AS href,
            '{' || concat_ws(',',
                '"branch":{"branchCode":' || to_json(b.branch_code) || ',"displayName":' || to_json(b.display_name)
                    || ',"id":' || to_json(b.id) || '}',
                '"code":' || to_json(c.code),
                '"description":' || to_json(c.description),
                '"id":' || to_json(a.id),
                '"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id) || '}',
                '"producerStatus":{"code":' || to_json(c.status) || ',"name":' || to_json(c.status) || '}'
            ) || '}'
            AS attributes
        FROM owner CROSS JOIN shown
        JOIN group_producer_code AS a ON a.group_id = $4::text AND a.code_id = shown.id
        JOIN producer_code AS c ON c.id = shown.id
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
    NULL::bigint AS total,
    EXISTS (SELECT FROM owner) AS verdict
FROM item

-- codes_of_organizations
WITH
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT held.id FROM unnest((SELECT $4::text[])) AS wanted (id) CROSS JOIN LATERAL (
                SELECT c.id, c.code FROM producer_code AS c WHERE c.organization_id = wanted.id
                ORDER BY c.code LIMIT 32
            ) AS held
            ORDER BY held.code LIMIT 32
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
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
    NULL::bigint AS total,
    EXISTS (SELECT FROM organization AS o WHERE o.id = ANY($4::text[])) AS verdict
FROM item

-- codes_of_organizations.filtered_sorted_counted
WITH
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT held.id FROM unnest((SELECT $4::text[])) AS wanted (id) CROSS JOIN LATERAL (
                SELECT c.id, c.code, c.description, c.appointment_date FROM producer_code AS c WHERE c.organization_id = wanted.id AND c.status = ANY($5::text[]) AND strpos(c.description, $6::text) > 0
                ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, c.code DESC LIMIT 32
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
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
            SELECT held.id FROM unnest((SELECT $4::text[])) AS wanted (id) CROSS JOIN LATERAL (
                SELECT c.id, c.code, c.description, c.appointment_date FROM producer_code AS c WHERE c.organization_id = wanted.id AND c.status = ANY($5::text[]) AND strpos(c.description, $6::text) > 0
                ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, c.code DESC LIMIT ALL
            ) AS held
            ORDER BY held.description DESC NULLS LAST, held.appointment_date ASC NULLS LAST, held.code DESC LIMIT ALL
        ) AS counted
    ) AS total,
    EXISTS (SELECT FROM organization AS o WHERE o.id = ANY($4::text[])) AS verdict
FROM item

-- codes_of_organizations.one
WITH
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT held.id FROM unnest((SELECT $4::text[])) AS wanted (id) CROSS JOIN LATERAL (
                SELECT c.id, c.code FROM producer_code AS c WHERE c.organization_id = wanted.id AND c.id = $5::text
                ORDER BY c.code LIMIT 32
            ) AS held
            ORDER BY held.code LIMIT 32
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
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
    NULL::bigint AS total,
    EXISTS (SELECT FROM organization AS o WHERE o.id = ANY($4::text[])) AS verdict
FROM item

-- codes_of_user
WITH
owner AS MATERIALIZED (
    SELECT u.id, u.version FROM registry_user AS u
    WHERE u.id = $4::text AND ($5::text[] IS NULL OR u.organization_id = ANY($5::text[]))
),
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT a.code_id AS id FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
            WHERE a.user_id = $4::text AND EXISTS (SELECT FROM owner)
            ORDER BY a.code LIMIT 32
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        SELECT shown.n, owner.version, '/admin/v1/users/' || owner.id || '/producer-codes/' || c.id AS href,
            '{"id":' || to_json(a.id)
                || ',"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id)
                || '},"roles":' || (
                    SELECT '[' || coalesce(string_agg(
                        '{"displayName":' || to_json(r.display_name) || ',"id":' || to_json(r.id)
                            || ',"type":"Role","uri":' || to_json('/admin/v1/roles/' || r.id) || '}', ',' ORDER BY r.id), '') || ']'
                    FROM role AS r WHERE r.id = ANY(a.role_ids) AND r.id = ANY(c.role_ids)) || '}'
            AS attributes
        FROM owner CROSS JOIN shown
        JOIN user_producer_code AS a ON a.user_id = $4::text AND a.code_id = shown.id
        JOIN producer_code AS c ON c.id = shown.id
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
    NULL::bigint AS total,
    EXISTS (SELECT FROM owner) AS verdict
FROM item

-- codes_of_user.filtered_sorted_counted
WITH
owner AS MATERIALIZED (
    SELECT u.id, u.version FROM registry_user AS u
    WHERE u.id = $4::text AND ($5::text[] IS NULL OR u.organization_id = ANY($5::text[]))
),
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT a.code_id AS id FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
            WHERE a.user_id = $4::text AND EXISTS (SELECT FROM owner) AND c.status = ANY($6::text[]) AND strpos(c.description, $7::text) > 0
            ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT 32
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        SELECT shown.n, owner.version, '/admin/v1/users/' || owner.id || '/producer-codes/' || c.id AS href,
            '{"id":' || to_json(a.id)
                || ',"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id)
                || '},"roles":' || (
                    SELECT '[' || coalesce(string_agg(
                        '{"displayName":' || to_json(r.display_name) || ',"id":' || to_json(r.id)
                            || ',"type":"Role","uri":' || to_json('/admin/v1/roles/' || r.id) || '}', ',' ORDER BY r.id), '') || ']'
                    FROM role AS r WHERE r.id = ANY(a.role_ids) AND r.id = ANY(c.role_ids)) || '}'
            AS attributes
        FROM owner CROSS JOIN shown
        JOIN user_producer_code AS a ON a.user_id = $4::text AND a.code_id = shown.id
        JOIN producer_code AS c ON c.id = shown.id
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
            SELECT a.code_id AS id FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
            WHERE a.user_id = $4::text AND EXISTS (SELECT FROM owner) AND c.status = ANY($6::text[]) AND strpos(c.description, $7::text) > 0
            ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT ALL
        ) AS counted
    ) AS total,
    EXISTS (SELECT FROM owner) AS verdict
FROM item

-- codes_of_user.one
WITH
owner AS MATERIALIZED (
    SELECT u.id, u.version FROM registry_user AS u
    WHERE u.id = $4::text AND ($5::text[] IS NULL OR u.organization_id = ANY($5::text[]))
),
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            SELECT a.code_id AS id FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
            WHERE a.user_id = $4::text AND EXISTS (SELECT FROM owner) AND c.id = $6::text
            ORDER BY a.code LIMIT 32
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        SELECT shown.n, owner.version, '/admin/v1/users/' || owner.id || '/producer-codes/' || c.id AS href,
            '{"id":' || to_json(a.id)
                || ',"producerCode":{"displayName":' || to_json(c.code) || ',"id":' || to_json(c.id)
                || '},"roles":' || (
                    SELECT '[' || coalesce(string_agg(
                        '{"displayName":' || to_json(r.display_name) || ',"id":' || to_json(r.id)
                            || ',"type":"Role","uri":' || to_json('/admin/v1/roles/' || r.id) || '}', ',' ORDER BY r.id), '') || ']'
                    FROM role AS r WHERE r.id = ANY(a.role_ids) AND r.id = ANY(c.role_ids)) || '}'
            AS attributes
        FROM owner CROSS JOIN shown
        JOIN user_producer_code AS a ON a.user_id = $4::text AND a.code_id = shown.id
        JOIN producer_code AS c ON c.id = shown.id
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
    NULL::bigint AS total,
    EXISTS (SELECT FROM owner) AS verdict
FROM item

-- documents
WITH shown AS (SELECT wanted.id, 1 AS n FROM unnest((SELECT $1::text[])) AS wanted (id))
SELECT detail.stamp, '{"attributes":' || detail.attributes || ',"checksum":"'
    || detail.version || '-' || left(md5(detail.attributes), 16)
    || '","links":{"self":{"href":' || to_json(detail.href) || ',"methods":["get"]}}}' AS document
FROM (
    SELECT shown.n, concat_ws(' ', c.id, c.version, c.xmin, o.xmin, b.xmin, role_stamps.stamp) AS stamp, c.version, '/admin/v1/producer-codes/' || c.id AS href,
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
                FROM role AS r WHERE r.id = ANY(c.role_ids))
            , '"appointmentDate":' || to_json(c.appointment_date)
            , '"terminationDate":' || to_json(c.termination_date)
        ) || '}'
        AS attributes
    FROM shown
    JOIN producer_code AS c ON c.id = shown.id
    JOIN organization AS o ON o.id = c.organization_id
    LEFT JOIN branch AS b ON b.id = c.branch_id
    CROSS JOIN LATERAL (
        SELECT string_agg(r.xmin::text, ' ' ORDER BY r.id) AS stamp FROM role AS r WHERE r.id = ANY(c.role_ids)
    ) AS role_stamps
) AS detail

-- elements
WITH shown AS (
    SELECT wanted.id, wanted.n FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS wanted (id, n)
)
SELECT item.n, item.tag, '{"attributes":' || item.attributes || ',"checksum":"' || item.tag
    || '","links":{"self":{"href":' || to_json(item.href) || ',"methods":["get"]}}}' AS data
FROM (
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
            ) || '}'
            AS attributes
        FROM shown
        JOIN producer_code AS c ON c.id = shown.id
        JOIN organization AS o ON o.id = c.organization_id
        LEFT JOIN branch AS b ON b.id = c.branch_id
        OFFSET 0
    ) AS detail
    OFFSET 0
) AS item

-- producer_code_load
-- Load and lock codes. $1 ids, $2 code strings in lower case, each joined by commas
SELECT
    id,
    code,
    organization_id,
    role_ids,
    description,
    branch_id,
    status,
    appointment_date::text AS appointment_date,
    termination_date::text AS termination_date,
    version
FROM producer_code
WHERE id = ANY(string_to_array($1, ',')) OR lower(code) = ANY(string_to_array($2, ','))
ORDER BY id
FOR NO KEY UPDATE

-- producer_code_save
-- Update changed groups, users or codes. $1 ids, $2 the version each was loaded with, $3 new versions, then the columns
-- that can change: lists of ids joined by commas, JSON as text
UPDATE producer_code AS t SET
    version = n.version,
    role_ids = string_to_array(n.role_ids, ','),
    description = n.description,
    branch_id = n.branch_id,
    status = n.status,
    appointment_date = n.appointment_date,
    termination_date = n.termination_date,
    usable = n.usable
FROM unnest(
    $1::text[], $2::integer[], $3::integer[],
    $4::text[],
    $5::text[],
    $6::text[],
    $7::text[],
    $8::date[],
    $9::date[],
    $10::smallint[]
) AS n (
    id, loaded_version, version,
    role_ids,
    description,
    branch_id,
    status,
    appointment_date,
    termination_date,
    usable
)
WHERE t.id = n.id AND t.version = n.loaded_version

-- renewal_codes_of_caller
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
            SELECT DISTINCT held.id, held.code FROM caller CROSS JOIN LATERAL (
                SELECT own.id, own.code FROM (
                    SELECT a.code_id AS id, a.code
                    FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                    WHERE caller.enabled AND caller.code_secured AND a.user_id = caller.id
                        AND a.usable > 0 AND a.usable >= 1
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE
                    ORDER BY a.code LIMIT 32
                ) AS own
                UNION ALL
                SELECT own.id, own.code FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
                    SELECT a.code_id AS id, a.code
                    FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                    WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
                        AND a.usable > 0 AND a.usable >= 1
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE
                    ORDER BY a.code LIMIT 32
                ) AS own
                UNION ALL
                SELECT own.id, own.code FROM (
                    SELECT c.id, c.code FROM producer_code AS c
                    WHERE caller.enabled AND NOT caller.code_secured
                        AND c.usable > 0 AND c.usable >= 1
                        AND (c.appointment_date > caller.day) IS NOT TRUE
                        AND (c.termination_date <= caller.day) IS NOT TRUE
                    ORDER BY c.code LIMIT 32
                ) AS own
                UNION ALL
                SELECT c.id, c.code FROM producer_code AS c
                WHERE caller.id IS NULL AND lower(c.code) = ANY(caller.visible)
                    AND c.usable > 0 AND c.usable >= 1
                    AND (c.appointment_date > caller.day) IS NOT TRUE
                    AND (c.termination_date <= caller.day) IS NOT TRUE
            ) AS held
            ORDER BY held.code LIMIT 32
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
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
    NULL::bigint AS total,
    (SELECT coalesce(caller.enabled, true) FROM caller) AS verdict
FROM item

-- renewal_codes_of_caller.filtered_sorted_counted
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
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

-- stamps_for_renewal
WITH request AS (
    SELECT n.place, n.subject, coalesce(n.day, (now() AT TIME ZONE 'UTC')::date) AS day,
        string_to_array(n.visible, ',') AS visible
    FROM unnest((SELECT $1::text[]), (SELECT $2::date[]), (SELECT $3::text[]))
        WITH ORDINALITY AS n (subject, day, visible, place)
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
)
SELECT coalesce(caller.enabled, true) AS verdict, coalesce(found.stamps, '{}'::text[]) AS stamps
FROM caller CROSS JOIN LATERAL (
    SELECT array_agg(concat_ws(' ', c.id, c.version, c.xmin, o.xmin, b.xmin, role_stamps.stamp) ORDER BY page.code) AS stamps
    FROM (
        SELECT DISTINCT ON (held.code) held.id, held.code FROM (
            SELECT own.id, own.code FROM (
                SELECT a.code_id AS id, a.code
                FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                WHERE caller.enabled AND caller.code_secured AND a.user_id = caller.id
                    AND a.usable > 0 AND a.usable >= 1
                    AND (a.appointment_date > caller.day) IS NOT TRUE
                    AND (a.termination_date <= caller.day) IS NOT TRUE
                ORDER BY a.code LIMIT 26
            ) AS own
            UNION ALL
            SELECT own.id, own.code FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
                SELECT a.code_id AS id, a.code
                FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
                    AND a.usable > 0 AND a.usable >= 1
                    AND (a.appointment_date > caller.day) IS NOT TRUE
                    AND (a.termination_date <= caller.day) IS NOT TRUE
                ORDER BY a.code LIMIT 26
            ) AS own
            UNION ALL
            SELECT own.id, own.code FROM (
                SELECT c.id, c.code FROM producer_code AS c
                WHERE caller.enabled AND NOT caller.code_secured
                    AND c.usable > 0 AND c.usable >= 1
                    AND (c.appointment_date > caller.day) IS NOT TRUE
                    AND (c.termination_date <= caller.day) IS NOT TRUE
                ORDER BY c.code LIMIT 26
            ) AS own
            UNION ALL
            SELECT c.id, c.code FROM producer_code AS c
            WHERE caller.id IS NULL AND lower(c.code) = ANY(caller.visible)
                AND c.usable > 0 AND c.usable >= 1
                AND (c.appointment_date > caller.day) IS NOT TRUE
                AND (c.termination_date <= caller.day) IS NOT TRUE
        ) AS held
        ORDER BY held.code LIMIT 26
    ) AS page
    JOIN producer_code AS c ON c.id = page.id
    JOIN organization AS o ON o.id = c.organization_id
    LEFT JOIN branch AS b ON b.id = c.branch_id
    CROSS JOIN LATERAL (
        SELECT string_agg(r.xmin::text, ' ' ORDER BY r.id) AS stamp FROM role AS r WHERE r.id = ANY(c.role_ids)
    ) AS role_stamps
) AS found
ORDER BY caller.place

-- stamps_for_submission
WITH request AS (
    SELECT n.place, n.subject, coalesce(n.day, (now() AT TIME ZONE 'UTC')::date) AS day,
        string_to_array(n.visible, ',') AS visible
    FROM unnest((SELECT $1::text[]), (SELECT $2::date[]), (SELECT $3::text[]))
        WITH ORDINALITY AS n (subject, day, visible, place)
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
)
SELECT coalesce(caller.enabled, true) AS verdict, coalesce(found.stamps, '{}'::text[]) AS stamps
FROM caller CROSS JOIN LATERAL (
    SELECT array_agg(concat_ws(' ', c.id, c.version, c.xmin, o.xmin, b.xmin, role_stamps.stamp) ORDER BY page.code) AS stamps
    FROM (
        SELECT DISTINCT ON (held.code) held.id, held.code FROM (
            SELECT own.id, own.code FROM (
                SELECT a.code_id AS id, a.code
                FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                WHERE caller.enabled AND caller.code_secured AND a.user_id = caller.id
                    AND a.usable > 0 AND a.usable >= 2
                    AND (a.appointment_date > caller.day) IS NOT TRUE
                    AND (a.termination_date <= caller.day) IS NOT TRUE
                ORDER BY a.code LIMIT 26
            ) AS own
            UNION ALL
            SELECT own.id, own.code FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
                SELECT a.code_id AS id, a.code
                FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
                    AND a.usable > 0 AND a.usable >= 2
                    AND (a.appointment_date > caller.day) IS NOT TRUE
                    AND (a.termination_date <= caller.day) IS NOT TRUE
                ORDER BY a.code LIMIT 26
            ) AS own
            UNION ALL
            SELECT own.id, own.code FROM (
                SELECT c.id, c.code FROM producer_code AS c
                WHERE caller.enabled AND NOT caller.code_secured
                    AND c.usable > 0 AND c.usable >= 2
                    AND (c.appointment_date > caller.day) IS NOT TRUE
                    AND (c.termination_date <= caller.day) IS NOT TRUE
                ORDER BY c.code LIMIT 26
            ) AS own
            UNION ALL
            SELECT c.id, c.code FROM producer_code AS c
            WHERE caller.id IS NULL AND lower(c.code) = ANY(caller.visible)
                AND c.usable > 0 AND c.usable >= 2
                AND (c.appointment_date > caller.day) IS NOT TRUE
                AND (c.termination_date <= caller.day) IS NOT TRUE
        ) AS held
        ORDER BY held.code LIMIT 26
    ) AS page
    JOIN producer_code AS c ON c.id = page.id
    JOIN organization AS o ON o.id = c.organization_id
    LEFT JOIN branch AS b ON b.id = c.branch_id
    CROSS JOIN LATERAL (
        SELECT string_agg(r.xmin::text, ' ' ORDER BY r.id) AS stamp FROM role AS r WHERE r.id = ANY(c.role_ids)
    ) AS role_stamps
) AS found
ORDER BY caller.place

-- submission_codes_of_caller
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
            SELECT DISTINCT held.id, held.code FROM caller CROSS JOIN LATERAL (
                SELECT own.id, own.code FROM (
                    SELECT a.code_id AS id, a.code
                    FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                    WHERE caller.enabled AND caller.code_secured AND a.user_id = caller.id
                        AND a.usable > 0 AND a.usable >= 2
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE
                    ORDER BY a.code LIMIT 32
                ) AS own
                UNION ALL
                SELECT own.id, own.code FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
                    SELECT a.code_id AS id, a.code
                    FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                    WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
                        AND a.usable > 0 AND a.usable >= 2
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE
                    ORDER BY a.code LIMIT 32
                ) AS own
                UNION ALL
                SELECT own.id, own.code FROM (
                    SELECT c.id, c.code FROM producer_code AS c
                    WHERE caller.enabled AND NOT caller.code_secured
                        AND c.usable > 0 AND c.usable >= 2
                        AND (c.appointment_date > caller.day) IS NOT TRUE
                        AND (c.termination_date <= caller.day) IS NOT TRUE
                    ORDER BY c.code LIMIT 32
                ) AS own
                UNION ALL
                SELECT c.id, c.code FROM producer_code AS c
                WHERE caller.id IS NULL AND lower(c.code) = ANY(caller.visible)
                    AND c.usable > 0 AND c.usable >= 2
                    AND (c.appointment_date > caller.day) IS NOT TRUE
                    AND (c.termination_date <= caller.day) IS NOT TRUE
            ) AS held
            ORDER BY held.code LIMIT 32
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
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
    NULL::bigint AS total,
    (SELECT coalesce(caller.enabled, true) FROM caller) AS verdict
FROM item

-- submission_codes_of_caller.filtered_sorted_counted
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
                        AND a.usable > 0 AND a.usable >= 2
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT 32
                ) AS own
                UNION ALL
                SELECT own.id, own.code, own.description, own.appointment_date FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
                    SELECT a.code_id AS id, a.code, c.description, c.appointment_date
                    FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                    WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
                        AND a.usable > 0 AND a.usable >= 2
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT 32
                ) AS own
                UNION ALL
                SELECT own.id, own.code, own.description, own.appointment_date FROM (
                    SELECT c.id, c.code, c.description, c.appointment_date FROM producer_code AS c
                    WHERE caller.enabled AND NOT caller.code_secured
                        AND c.usable > 0 AND c.usable >= 2
                        AND (c.appointment_date > caller.day) IS NOT TRUE
                        AND (c.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, c.code DESC LIMIT 32
                ) AS own
                UNION ALL
                SELECT c.id, c.code, c.description, c.appointment_date FROM producer_code AS c
                WHERE caller.id IS NULL AND lower(c.code) = ANY(caller.visible)
                    AND c.usable > 0 AND c.usable >= 2
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
                    FROM role AS r WHERE r.id = ANY(c.role_ids))
                , '"appointmentDate":' || to_json(c.appointment_date)
                , '"terminationDate":' || to_json(c.termination_date)
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
                        AND a.usable > 0 AND a.usable >= 2
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT ALL
                ) AS own
                UNION ALL
                SELECT own.id, own.code, own.description, own.appointment_date FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
                    SELECT a.code_id AS id, a.code, c.description, c.appointment_date
                    FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
                    WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
                        AND a.usable > 0 AND a.usable >= 2
                        AND (a.appointment_date > caller.day) IS NOT TRUE
                        AND (a.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, a.code DESC LIMIT ALL
                ) AS own
                UNION ALL
                SELECT own.id, own.code, own.description, own.appointment_date FROM (
                    SELECT c.id, c.code, c.description, c.appointment_date FROM producer_code AS c
                    WHERE caller.enabled AND NOT caller.code_secured
                        AND c.usable > 0 AND c.usable >= 2
                        AND (c.appointment_date > caller.day) IS NOT TRUE
                        AND (c.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
                    ORDER BY c.description DESC NULLS LAST, c.appointment_date ASC NULLS LAST, c.code DESC LIMIT ALL
                ) AS own
                UNION ALL
                SELECT c.id, c.code, c.description, c.appointment_date FROM producer_code AS c
                WHERE caller.id IS NULL AND lower(c.code) = ANY(caller.visible)
                    AND c.usable > 0 AND c.usable >= 2
                    AND (c.appointment_date > caller.day) IS NOT TRUE
                    AND (c.termination_date <= caller.day) IS NOT TRUE AND c.status = ANY($7::text[]) AND strpos(c.description, $8::text) > 0
            ) AS held
            ORDER BY held.description DESC NULLS LAST, held.appointment_date ASC NULLS LAST, held.code DESC LIMIT ALL
        ) AS counted
    ) AS total,
    (SELECT coalesce(caller.enabled, true) FROM caller) AS verdict
FROM item
