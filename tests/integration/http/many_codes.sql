-- Owners with 1,200 codes, which are many, and owners with a few of them.
INSERT INTO organization (id, display_name, status, domains, insurer, version)
SELECT id, id, 'Active', '{}', false, 1 FROM unnest(ARRAY['org:many', 'org:few']) AS o (id);

INSERT INTO role (id, display_name, permissions, version) VALUES ('producer', 'Producer', '{}', 1);

INSERT INTO producer_code (id, code, organization_id, role_ids, description, status, usable, version)
SELECT 'code:' || n, lpad(n::text, 6, '0'), CASE WHEN n < 1200 THEN 'org:many' ELSE 'org:few' END, ARRAY['producer'], 'Book ' || n, 'Active', 2, 1
FROM generate_series(0, 1209) AS n;

INSERT INTO registry_group (id, type, value, organization_id, product_ids, held_foreign, version)
SELECT id, 'region', '"West"', 'org:many', '{}', 0, 1 FROM unnest(ARRAY['group:many', 'group:few']) AS g (id);

INSERT INTO registry_user (id, name, email, organization_id, group_ids, enabled, external_user, code_secured, held, held_foreign, version)
SELECT id, id, 'user@example.com', 'org:many', group_ids, true, true, id <> 'unsecured', 0, 0, 1 FROM (
    VALUES ('many', '{}'::text[]), ('few', '{}'), ('member of many', ARRAY['group:many']), ('member of few', ARRAY['group:few']), ('unsecured', '{}')
) AS u (id, group_ids);

INSERT INTO user_producer_code (user_id, code_id, id, role_ids, code, usable)
SELECT o.id, c.id, md5(o.id || c.id)::uuid, c.role_ids, c.code, c.usable FROM producer_code AS c
JOIN (VALUES ('many', 'org:many'), ('few', 'org:few')) AS o (id, organization_id) USING (organization_id);

INSERT INTO group_producer_code (group_id, code_id, id, code, usable)
SELECT o.id, c.id, md5(o.id || c.id)::uuid, c.code, c.usable FROM producer_code AS c
JOIN (VALUES ('group:many', 'org:many'), ('group:few', 'org:few')) AS o (id, organization_id) USING (organization_id);

ANALYZE organization, role, registry_group, registry_user, producer_code, user_producer_code, group_producer_code;
