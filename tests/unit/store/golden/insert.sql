-- producer_code
-- Write one new row
INSERT INTO producer_code (id, code, organization_id, role_ids, description, branch_id, status, appointment_date, termination_date, version, usable) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- registry_group
-- Write one new row
INSERT INTO registry_group (id, type, value, organization_id, product_ids, held_foreign, version) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- registry_user
-- Write one new row
INSERT INTO registry_user (id, name, email, organization_id, external_id, username, group_ids, enabled, external_user, code_secured, held, held_foreign, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
