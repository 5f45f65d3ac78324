-- Part: users of organizations after the id $1. $3 distinct organization ids
-- Placeholders:
--   limit  rows
SELECT held.* FROM unnest((SELECT $3::text[])) AS wanted (id) CROSS JOIN LATERAL (
    SELECT u.* FROM registry_user AS u WHERE u.organization_id = wanted.id AND u.id > $1::text
    ORDER BY u.id LIMIT /*limit*/
) AS held
ORDER BY held.id LIMIT /*limit*/
