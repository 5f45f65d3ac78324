-- Part: groups after the id $1.
-- Placeholders:
--   type   ' AND ' with a condition on the type of g, or empty
--   limit  rows
SELECT g.* FROM registry_group AS g WHERE g.id > $1::text/*type*/ ORDER BY g.id LIMIT /*limit*/
