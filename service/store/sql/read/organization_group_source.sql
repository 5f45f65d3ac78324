-- Part: groups of organizations after the id $1. $3 distinct organization ids
-- Placeholders:
--   type   ' AND ' with a condition on the type of g, or empty
--   limit  rows
SELECT held.* FROM unnest((SELECT $3::text[])) AS wanted (id) CROSS JOIN LATERAL (
    SELECT g.* FROM registry_group AS g WHERE g.organization_id = wanted.id AND g.id > $1::text/*type*/
    ORDER BY g.id LIMIT /*limit*/
) AS held
ORDER BY held.id LIMIT /*limit*/
