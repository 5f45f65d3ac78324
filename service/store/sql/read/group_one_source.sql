-- Part: the group $1, if it belongs to one of the organizations $3 (null for all).
SELECT g.* FROM registry_group AS g
WHERE g.id = $1::text AND ($3::text[] IS NULL OR g.organization_id = ANY($3::text[]))
