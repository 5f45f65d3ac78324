-- group_load
-- Load and lock groups. $1 ids, $2 ids of organizations that may stop being insurers, each joined by commas.
-- Whether they may depends on their groups that hold codes of other organizations.
SELECT
    id,
    type,
    value,
    organization_id,
    product_ids,
    held_foreign,
    version
FROM registry_group
WHERE id = ANY(string_to_array($1, ',')) OR (organization_id = ANY(string_to_array($2, ',')) AND held_foreign > 0)
ORDER BY id
FOR NO KEY UPDATE

-- group_save
-- Update changed groups, users or codes. $1 ids, $2 the version each was loaded with, $3 new versions, then the columns
-- that can change: lists of ids joined by commas, JSON as text
UPDATE registry_group AS t SET
    version = n.version,
    type = n.type,
    value = n.value::jsonb,
    product_ids = string_to_array(n.product_ids, ','),
    held_foreign = n.held_foreign
FROM unnest(
    $1::text[], $2::integer[], $3::integer[],
    $4::text[],
    $5::text[],
    $6::text[],
    $7::integer[]
) AS n (
    id, loaded_version, version,
    type,
    value,
    product_ids,
    held_foreign
)
WHERE t.id = n.id AND t.version = n.loaded_version

-- groups
WITH page AS MATERIALIZED (
    SELECT g.id, g.type, g.value, g.organization_id, g.product_ids, g.version FROM (
        SELECT g.* FROM registry_group AS g WHERE g.id > $1::text ORDER BY g.id LIMIT 32
    ) AS g LIMIT $2::int + 1
), shown AS MATERIALIZED (
    SELECT g.id, g.type, g.value, g.organization_id, g.product_ids, g.version FROM page AS g ORDER BY g.id LIMIT $2::int
), members AS MATERIALIZED (
    SELECT team.id,
        string_agg('{' || concat_ws(',',
            '"id":' || to_json(u.id),
            '"name":' || to_json(u.name),
            '"email":' || to_json(u.email),
            '"external_id":' || to_json(u.external_id)) || '}', ',' ORDER BY u.id) AS users
    FROM registry_user AS u CROSS JOIN unnest(u.group_ids) AS team (id)
    WHERE u.group_ids && ARRAY(SELECT g.id FROM shown AS g) AND team.id IN (SELECT g.id FROM shown AS g)
    GROUP BY team.id
), item AS (
    SELECT g.id, g.version, '{"id":' || to_json(g.id) || ',"type":' || to_json(g.type)
        || ',"value":' || CASE WHEN jsonb_typeof(g.value) = 'object' THEN '{' || concat_ws(',',
            '"line1":' || (g.value -> 'line1')::text,
            '"line2":' || nullif((g.value -> 'line2')::text, 'null'),
            '"line3":' || nullif((g.value -> 'line3')::text, 'null'),
            '"organization":' || nullif((g.value -> 'organization')::text, 'null'),
            '"city":' || (g.value -> 'city')::text,
            '"state":' || nullif((g.value -> 'state')::text, 'null'),
            '"postal_code":' || nullif((g.value -> 'postal_code')::text, 'null'),
            '"country_code":' || (g.value -> 'country_code')::text) || '}' ELSE g.value::text END
        || ',"distributor_id":' || to_json(g.organization_id)
        || ',"producers":' || coalesce('[' || members.users || ']', 'null')
        || ',"products":' || coalesce((
            SELECT '[' || string_agg('{"id":' || to_json(p.id) || ',"name":' || to_json(p.name)
                || ',"institution_id":' || to_json(p.institution_id)
                || ',"product_line":' || to_json(p.product_line) || '}', ',' ORDER BY p.id) || ']'
            FROM product AS p WHERE p.id = ANY(g.product_ids)), 'null') || '}' AS item
    FROM shown AS g LEFT JOIN members ON members.id = g.id
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.id), '') || ']' AS data, count(*)::int AS shown,
    max(item.id) AS last, (SELECT count(*) FROM page) > $2::int AS more, min(item.version) AS version
FROM item

-- groups.of_organizations
WITH page AS MATERIALIZED (
    SELECT g.id, g.type, g.value, g.organization_id, g.product_ids, g.version FROM (
        SELECT held.* FROM unnest((SELECT $3::text[])) AS wanted (id) CROSS JOIN LATERAL (
            SELECT g.* FROM registry_group AS g WHERE g.organization_id = wanted.id AND g.id > $1::text
            ORDER BY g.id LIMIT 32
        ) AS held
        ORDER BY held.id LIMIT 32
    ) AS g LIMIT $2::int + 1
), shown AS MATERIALIZED (
    SELECT g.id, g.type, g.value, g.organization_id, g.product_ids, g.version FROM page AS g ORDER BY g.id LIMIT $2::int
), members AS MATERIALIZED (
    SELECT team.id,
        string_agg('{' || concat_ws(',',
            '"id":' || to_json(u.id),
            '"name":' || to_json(u.name),
            '"email":' || to_json(u.email),
            '"external_id":' || to_json(u.external_id)) || '}', ',' ORDER BY u.id) AS users
    FROM registry_user AS u CROSS JOIN unnest(u.group_ids) AS team (id)
    WHERE u.group_ids && ARRAY(SELECT g.id FROM shown AS g) AND team.id IN (SELECT g.id FROM shown AS g)
    GROUP BY team.id
), item AS (
    SELECT g.id, g.version, '{"id":' || to_json(g.id) || ',"type":' || to_json(g.type)
        || ',"value":' || CASE WHEN jsonb_typeof(g.value) = 'object' THEN '{' || concat_ws(',',
            '"line1":' || (g.value -> 'line1')::text,
            '"line2":' || nullif((g.value -> 'line2')::text, 'null'),
            '"line3":' || nullif((g.value -> 'line3')::text, 'null'),
            '"organization":' || nullif((g.value -> 'organization')::text, 'null'),
            '"city":' || (g.value -> 'city')::text,
            '"state":' || nullif((g.value -> 'state')::text, 'null'),
            '"postal_code":' || nullif((g.value -> 'postal_code')::text, 'null'),
            '"country_code":' || (g.value -> 'country_code')::text) || '}' ELSE g.value::text END
        || ',"distributor_id":' || to_json(g.organization_id)
        || ',"producers":' || coalesce('[' || members.users || ']', 'null')
        || ',"products":' || coalesce((
            SELECT '[' || string_agg('{"id":' || to_json(p.id) || ',"name":' || to_json(p.name)
                || ',"institution_id":' || to_json(p.institution_id)
                || ',"product_line":' || to_json(p.product_line) || '}', ',' ORDER BY p.id) || ']'
            FROM product AS p WHERE p.id = ANY(g.product_ids)), 'null') || '}' AS item
    FROM shown AS g LEFT JOIN members ON members.id = g.id
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.id), '') || ']' AS data, count(*)::int AS shown,
    max(item.id) AS last, (SELECT count(*) FROM page) > $2::int AS more, min(item.version) AS version
FROM item

-- groups.of_organizations_and_type
WITH page AS MATERIALIZED (
    SELECT g.id, g.type, g.value, g.organization_id, g.product_ids, g.version FROM (
        SELECT held.* FROM unnest((SELECT $3::text[])) AS wanted (id) CROSS JOIN LATERAL (
            SELECT g.* FROM registry_group AS g WHERE g.organization_id = wanted.id AND g.id > $1::text AND g.type = $4::text
            ORDER BY g.id LIMIT 32
        ) AS held
        ORDER BY held.id LIMIT 32
    ) AS g LIMIT $2::int + 1
), shown AS MATERIALIZED (
    SELECT g.id, g.type, g.value, g.organization_id, g.product_ids, g.version FROM page AS g ORDER BY g.id LIMIT $2::int
), members AS MATERIALIZED (
    SELECT team.id,
        string_agg('{' || concat_ws(',',
            '"id":' || to_json(u.id),
            '"name":' || to_json(u.name),
            '"email":' || to_json(u.email),
            '"external_id":' || to_json(u.external_id)) || '}', ',' ORDER BY u.id) AS users
    FROM registry_user AS u CROSS JOIN unnest(u.group_ids) AS team (id)
    WHERE u.group_ids && ARRAY(SELECT g.id FROM shown AS g) AND team.id IN (SELECT g.id FROM shown AS g)
    GROUP BY team.id
), item AS (
    SELECT g.id, g.version, '{"id":' || to_json(g.id) || ',"type":' || to_json(g.type)
        || ',"value":' || CASE WHEN jsonb_typeof(g.value) = 'object' THEN '{' || concat_ws(',',
            '"line1":' || (g.value -> 'line1')::text,
            '"line2":' || nullif((g.value -> 'line2')::text, 'null'),
            '"line3":' || nullif((g.value -> 'line3')::text, 'null'),
            '"organization":' || nullif((g.value -> 'organization')::text, 'null'),
            '"city":' || (g.value -> 'city')::text,
            '"state":' || nullif((g.value -> 'state')::text, 'null'),
            '"postal_code":' || nullif((g.value -> 'postal_code')::text, 'null'),
            '"country_code":' || (g.value -> 'country_code')::text) || '}' ELSE g.value::text END
        || ',"distributor_id":' || to_json(g.organization_id)
        || ',"producers":' || coalesce('[' || members.users || ']', 'null')
        || ',"products":' || coalesce((
            SELECT '[' || string_agg('{"id":' || to_json(p.id) || ',"name":' || to_json(p.name)
                || ',"institution_id":' || to_json(p.institution_id)
                || ',"product_line":' || to_json(p.product_line) || '}', ',' ORDER BY p.id) || ']'
            FROM product AS p WHERE p.id = ANY(g.product_ids)), 'null') || '}' AS item
    FROM shown AS g LEFT JOIN members ON members.id = g.id
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.id), '') || ']' AS data, count(*)::int AS shown,
    max(item.id) AS last, (SELECT count(*) FROM page) > $2::int AS more, min(item.version) AS version
FROM item

-- groups.of_type
WITH page AS MATERIALIZED (
    SELECT g.id, g.type, g.value, g.organization_id, g.product_ids, g.version FROM (
        SELECT g.* FROM registry_group AS g WHERE g.id > $1::text AND g.type = $3::text ORDER BY g.id LIMIT 32
    ) AS g LIMIT $2::int + 1
), shown AS MATERIALIZED (
    SELECT g.id, g.type, g.value, g.organization_id, g.product_ids, g.version FROM page AS g ORDER BY g.id LIMIT $2::int
), members AS MATERIALIZED (
    SELECT team.id,
        string_agg('{' || concat_ws(',',
            '"id":' || to_json(u.id),
            '"name":' || to_json(u.name),
            '"email":' || to_json(u.email),
            '"external_id":' || to_json(u.external_id)) || '}', ',' ORDER BY u.id) AS users
    FROM registry_user AS u CROSS JOIN unnest(u.group_ids) AS team (id)
    WHERE u.group_ids && ARRAY(SELECT g.id FROM shown AS g) AND team.id IN (SELECT g.id FROM shown AS g)
    GROUP BY team.id
), item AS (
    SELECT g.id, g.version, '{"id":' || to_json(g.id) || ',"type":' || to_json(g.type)
        || ',"value":' || CASE WHEN jsonb_typeof(g.value) = 'object' THEN '{' || concat_ws(',',
            '"line1":' || (g.value -> 'line1')::text,
            '"line2":' || nullif((g.value -> 'line2')::text, 'null'),
            '"line3":' || nullif((g.value -> 'line3')::text, 'null'),
            '"organization":' || nullif((g.value -> 'organization')::text, 'null'),
            '"city":' || (g.value -> 'city')::text,
            '"state":' || nullif((g.value -> 'state')::text, 'null'),
            '"postal_code":' || nullif((g.value -> 'postal_code')::text, 'null'),
            '"country_code":' || (g.value -> 'country_code')::text) || '}' ELSE g.value::text END
        || ',"distributor_id":' || to_json(g.organization_id)
        || ',"producers":' || coalesce('[' || members.users || ']', 'null')
        || ',"products":' || coalesce((
            SELECT '[' || string_agg('{"id":' || to_json(p.id) || ',"name":' || to_json(p.name)
                || ',"institution_id":' || to_json(p.institution_id)
                || ',"product_line":' || to_json(p.product_line) || '}', ',' ORDER BY p.id) || ']'
            FROM product AS p WHERE p.id = ANY(g.product_ids)), 'null') || '}' AS item
    FROM shown AS g LEFT JOIN members ON members.id = g.id
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.id), '') || ']' AS data, count(*)::int AS shown,
    max(item.id) AS last, (SELECT count(*) FROM page) > $2::int AS more, min(item.version) AS version
FROM item

-- groups.one
WITH page AS MATERIALIZED (
    SELECT g.id, g.type, g.value, g.organization_id, g.product_ids, g.version FROM (
        SELECT g.* FROM registry_group AS g
        WHERE g.id = $1::text AND ($3::text[] IS NULL OR g.organization_id = ANY($3::text[]))
    ) AS g LIMIT $2::int + 1
), shown AS MATERIALIZED (
    SELECT g.id, g.type, g.value, g.organization_id, g.product_ids, g.version FROM page AS g ORDER BY g.id LIMIT $2::int
), members AS MATERIALIZED (
    SELECT team.id,
        string_agg('{' || concat_ws(',',
            '"id":' || to_json(u.id),
            '"name":' || to_json(u.name),
            '"email":' || to_json(u.email),
            '"external_id":' || to_json(u.external_id)) || '}', ',' ORDER BY u.id) AS users
    FROM registry_user AS u CROSS JOIN unnest(u.group_ids) AS team (id)
    WHERE u.group_ids && ARRAY(SELECT g.id FROM shown AS g) AND team.id IN (SELECT g.id FROM shown AS g)
    GROUP BY team.id
), item AS (
    SELECT g.id, g.version, '{"id":' || to_json(g.id) || ',"type":' || to_json(g.type)
        || ',"value":' || CASE WHEN jsonb_typeof(g.value) = 'object' THEN '{' || concat_ws(',',
            '"line1":' || (g.value -> 'line1')::text,
            '"line2":' || nullif((g.value -> 'line2')::text, 'null'),
            '"line3":' || nullif((g.value -> 'line3')::text, 'null'),
            '"organization":' || nullif((g.value -> 'organization')::text, 'null'),
            '"city":' || (g.value -> 'city')::text,
            '"state":' || nullif((g.value -> 'state')::text, 'null'),
            '"postal_code":' || nullif((g.value -> 'postal_code')::text, 'null'),
            '"country_code":' || (g.value -> 'country_code')::text) || '}' ELSE g.value::text END
        || ',"distributor_id":' || to_json(g.organization_id)
        || ',"producers":' || coalesce('[' || members.users || ']', 'null')
        || ',"products":' || coalesce((
            SELECT '[' || string_agg('{"id":' || to_json(p.id) || ',"name":' || to_json(p.name)
                || ',"institution_id":' || to_json(p.institution_id)
                || ',"product_line":' || to_json(p.product_line) || '}', ',' ORDER BY p.id) || ']'
            FROM product AS p WHERE p.id = ANY(g.product_ids)), 'null') || '}' AS item
    FROM shown AS g LEFT JOIN members ON members.id = g.id
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.id), '') || ']' AS data, count(*)::int AS shown,
    max(item.id) AS last, (SELECT count(*) FROM page) > $2::int AS more, min(item.version) AS version
FROM item
