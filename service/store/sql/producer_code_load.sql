-- $1 ids, $2 code strings in lower case
SELECT id, code, organization_id, role_ids, description, branch_id, status,
       appointment_date::text AS appointment_date, termination_date::text AS termination_date, version
FROM producer_code
WHERE id = ANY($1::text[]) OR lower(code) = ANY($2::text[])
ORDER BY id
FOR NO KEY UPDATE
