-- Statement: the organization of the producer code, group or user $2, as $1 says: code, group or user. No row if there is none.
SELECT c.organization_id FROM producer_code AS c WHERE $1::text = 'code' AND c.id = $2::text
UNION ALL
SELECT g.organization_id FROM registry_group AS g WHERE $1::text = 'group' AND g.id = $2::text
UNION ALL
SELECT u.organization_id FROM registry_user AS u WHERE $1::text = 'user' AND u.id = $2::text
