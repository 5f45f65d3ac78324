-- A registry of production size: 100,000 codes, 2,000 groups, 20,000 users; every owner holds codes of its own organization.
INSERT INTO organization (id, display_name, status, domains, insurer, version)
SELECT 'org:' || n, 'Agency ' || n, (ARRAY['Active', 'Active', 'Active', 'Active', 'Active', 'Active', 'Active', 'Limited', 'Limited', 'Suspended'])[1 + n % 10], '{}', false, 1
FROM generate_series(0, 499) AS n;

INSERT INTO branch (id, branch_code, display_name, version)
SELECT 'branch:' || n, (100 + n)::text, 'Branch ' || n, 1 FROM generate_series(0, 999) AS n;

INSERT INTO role (id, display_name, permissions, version)
SELECT 'role:' || n, 'Role ' || n, ARRAY['quote job'], 1 FROM generate_series(0, 999) AS n;

INSERT INTO product (id, name, institution_id, product_line, version)
SELECT 'product:' || n, 'Product ' || n, 'ins_' || n % 7, 'line ' || n % 5, 1 FROM generate_series(0, 999) AS n;

INSERT INTO registry_group (id, type, value, organization_id, product_ids, held_foreign, version)
SELECT 'group:' || n, (ARRAY['region', 'division'])[1 + n % 2], to_jsonb('Cohort ' || n), 'org:' || n % 500,
    ARRAY['product:' || n % 1000], 0, 1
FROM generate_series(0, 1999) AS n;

INSERT INTO registry_user (id, name, email, organization_id, external_id, username, group_ids, enabled, external_user,
    code_secured, held, held_foreign, version)
SELECT 'user:' || n, 'User ' || n, 'user' || n || '@example.com', 'org:' || n % 500, NULL, 'login-' || n,
    ARRAY['group:' || n % 500, 'group:' || n % 500 + 500, 'group:' || n % 500 + 1000], true, true, n < 19000, 5, 0, 1
FROM generate_series(0, 19999) AS n;

INSERT INTO producer_code (id, code, organization_id, role_ids, description, branch_id, status, appointment_date,
    termination_date, usable, version)
SELECT c.id, c.code, c.organization_id, c.role_ids, c.description, c.branch_id, c.status, c.appointment_date, c.termination_date,
    least(CASE c.status WHEN 'Active' THEN 2 WHEN 'Limited' THEN 1 ELSE 0 END, CASE o.status WHEN 'Active' THEN 2 WHEN 'Limited' THEN 1 ELSE 0 END),
    1
FROM (
    SELECT 'code:' || n AS id, left(md5(n::text), 3) || '-' || lpad(n::text, 6, '0') AS code, 'org:' || n % 500 AS organization_id,
        ARRAY['role:' || n % 1000] AS role_ids, 'Book ' || n % 5000 AS description, 'branch:' || n % 1000 AS branch_id,
        (ARRAY['Active', 'Active', 'Active', 'Active', 'Active', 'Active', 'Active', 'Active', 'Limited', 'Terminated'])[1 + (n / 500) % 10] AS status,
        CASE WHEN n % 4 > 0 THEN DATE '2020-01-01' + n % 3000 END AS appointment_date, NULL::date AS termination_date
    FROM generate_series(0, 99999) AS n
) AS c JOIN organization AS o ON o.id = c.organization_id;

INSERT INTO user_producer_code (user_id, code_id, id, role_ids, code, usable, appointment_date, termination_date)
SELECT 'user:' || n, c.id, md5('user:' || n || c.id)::uuid, c.role_ids, c.code, c.usable, c.appointment_date, c.termination_date
FROM generate_series(0, 18999) AS n
CROSS JOIN generate_series(0, 4) AS k
JOIN producer_code AS c ON c.id = 'code:' || n % 500 + 500 * ((n / 500 + 7 * k) % 200);

INSERT INTO group_producer_code (group_id, code_id, id, code, usable, appointment_date, termination_date)
SELECT 'group:' || n, c.id, md5('group:' || n || c.id)::uuid, c.code, c.usable, c.appointment_date, c.termination_date
FROM generate_series(0, 1999) AS n
CROSS JOIN generate_series(0, 99) AS k
JOIN producer_code AS c ON c.id = 'code:' || n % 500 + 500 * ((n / 500 + k) % 200);

-- One group that holds a fifth of all codes, and one member.
INSERT INTO registry_group (id, type, value, organization_id, product_ids, held_foreign, version)
VALUES ('group:big', 'division', '"Everything"', 'org:1', '{}', 19960, 1);
INSERT INTO group_producer_code (group_id, code_id, id, code, usable, appointment_date, termination_date)
SELECT 'group:big', c.id, md5('group:big' || c.id)::uuid, c.code, c.usable, c.appointment_date, c.termination_date
FROM producer_code AS c WHERE substr(c.id, 6)::int < 20000;
UPDATE registry_user SET group_ids = array_append(group_ids, 'group:big') WHERE id = 'user:1';

-- One organization with as many groups and users as the others have together.
INSERT INTO organization (id, display_name, status, domains, insurer, version) VALUES ('org:big', 'Large', 'Active', '{}', false, 1);
INSERT INTO registry_group (id, type, value, organization_id, product_ids, held_foreign, version)
SELECT 'group:of-big:' || n, 'region', '"Cohort"', 'org:big', '{}', 0, 1 FROM generate_series(0, 1999) AS n;
INSERT INTO registry_user (id, name, email, organization_id, external_id, username, group_ids, enabled, external_user,
    code_secured, held, held_foreign, version)
SELECT 'user:of-big:' || n, 'User', 'user@example.com', 'org:big', NULL, NULL, '{}', true, true, true, 0, 0, 1
FROM generate_series(0, 1999) AS n;

-- Command ids, and marks of a topic that was deleted and created anew.
INSERT INTO inbox_sender (source, topic)
SELECT '/http/user-' || n, 'registry.commands.v1' FROM generate_series(0, 19999) AS n;
INSERT INTO inbox (decided_at, sender, command_id, outcome)
SELECT now(), s.id, '\x00'::bytea || convert_to('id-' || n, 'UTF8'), '\x00'
FROM generate_series(0, 19999) AS n JOIN inbox_sender AS s ON s.source = '/http/user-' || n % 50;
INSERT INTO offset_mark (cluster_id, topic, topic_id, partition, next_offset)
SELECT 'cluster', 'registry.commands.v1', topic_id, n, 1000
FROM generate_series(0, 999) AS n CROSS JOIN unnest(ARRAY['commands', 'former']) AS t (topic_id);

ANALYZE organization, branch, role, product, registry_group, registry_user, producer_code, user_producer_code, group_producer_code,
    inbox, inbox_sender, offset_mark;
