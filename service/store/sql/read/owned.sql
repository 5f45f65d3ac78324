-- Statement: the organizations and versions of the producer codes, groups or users $2, as $1 says: code, group or user.
-- No row for an id that does not exist.
SELECT c.id, c.organization_id, c.version FROM producer_code AS c WHERE $1::text = 'code' AND c.id = ANY($2::text[])
UNION ALL
SELECT g.id, g.organization_id, g.version FROM registry_group AS g WHERE $1::text = 'group' AND g.id = ANY($2::text[])
UNION ALL
SELECT u.id, u.organization_id, u.version FROM registry_user AS u WHERE $1::text = 'user' AND u.id = ANY($2::text[])
