-- Two thousand rows of each kind that the writer loads, and ten times as many command ids: enough to tell whether a
-- statement reads the rows that it needs or all of them. Every user and group holds two codes of its own organization.
INSERT INTO organization (id, display_name, status, domains, insurer, version)
SELECT 'org:' || n, 'Agency ' || n, 'Active', '{}', false, 1 FROM generate_series(0, 1999) AS n;

INSERT INTO branch (id, branch_code, display_name, version)
SELECT 'branch:' || n, (100 + n)::text, 'Branch ' || n, 1 FROM generate_series(0, 1999) AS n;

INSERT INTO role (id, display_name, permissions, version)
SELECT 'role:' || n, 'Role ' || n, ARRAY['quote job'], 1 FROM generate_series(0, 1999) AS n;

INSERT INTO product (id, name, institution_id, product_line, version)
SELECT 'product:' || n, 'Product ' || n, 'ins_1', 'line 1', 1 FROM generate_series(0, 1999) AS n;

INSERT INTO registry_group (id, type, value, organization_id, product_ids, held_foreign, version)
SELECT 'group:' || n, 'division', '"Cohort"', 'org:' || n, '{}', 0, 1 FROM generate_series(0, 1999) AS n;

INSERT INTO registry_user (id, name, email, organization_id, external_id, username, group_ids, enabled, external_user,
    code_secured, held, held_foreign, version)
SELECT 'user:' || n, 'User', 'user@example.com', 'org:' || n, NULL, 'login-' || n, ARRAY['group:' || n], true, true, true, 2, 0, 1
FROM generate_series(0, 1999) AS n;

-- Codes n, n + 2000 and n + 4000 are of organization n.
INSERT INTO producer_code (id, code, organization_id, role_ids, status, usable, version)
SELECT 'code:' || n, 'C-' || n, 'org:' || n % 2000, ARRAY['role:' || n % 2000], 'Active', 2, 1 FROM generate_series(0, 5999) AS n;

INSERT INTO user_producer_code (user_id, code_id, id, role_ids, code, usable)
SELECT 'user:' || n % 2000, 'code:' || n, md5('user' || n)::uuid, ARRAY['role:' || n % 2000], 'C-' || n, 2
FROM generate_series(0, 3999) AS n;

INSERT INTO group_producer_code (group_id, code_id, id, code, usable)
SELECT 'group:' || n % 2000, 'code:' || n, md5('group' || n)::uuid, 'C-' || n, 2 FROM generate_series(0, 3999) AS n;

INSERT INTO inbox_sender (source, topic)
SELECT '/http/user-' || n, 'registry.commands.v1' FROM generate_series(0, 19999) AS n
UNION ALL SELECT '/upstream', 'registry.commands.v1';
INSERT INTO inbox (decided_at, sender, command_id, outcome)
SELECT now(), s.id, '\x00'::bytea || convert_to('old-' || n, 'UTF8'), '\x00'::bytea || '{"events":[],"version":1,"subject":"x"}'
FROM generate_series(0, 19999) AS n JOIN inbox_sender AS s ON s.source = '/upstream';

-- As many marks of a topic that was deleted and created anew.
INSERT INTO offset_mark (cluster_id, topic, topic_id, partition, next_offset)
SELECT 'cluster', 'registry.commands.v1', topic_id, n, 0
FROM generate_series(0, 999) AS n CROSS JOIN unnest(ARRAY['commands', 'former']) AS t (topic_id);

ANALYZE;
