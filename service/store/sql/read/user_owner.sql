-- Part: the user $4, if it belongs to one of the organizations $5 (null for all).
owner AS MATERIALIZED (
    SELECT u.id, u.version FROM registry_user AS u
    WHERE u.id = $4::text AND ($5::text[] IS NULL OR u.organization_id = ANY($5::text[]))
),
