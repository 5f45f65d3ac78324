-- Part: users after the id $1.
-- Placeholders:
--   limit  rows
SELECT u.* FROM registry_user AS u WHERE u.id > $1::text ORDER BY u.id LIMIT /*limit*/
