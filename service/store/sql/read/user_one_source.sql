-- Part: the user $1, if it belongs to one of the organizations $3 (null for all).
SELECT u.* FROM registry_user AS u
WHERE u.id = $1::text AND ($3::text[] IS NULL OR u.organization_id = ANY($3::text[]))
