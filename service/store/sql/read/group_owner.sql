-- Part: the group $4, if it belongs to one of the organizations $5 (null for all).
owner AS MATERIALIZED (
    SELECT g.id, g.version FROM registry_group AS g
    WHERE g.id = $4::text AND ($5::text[] IS NULL OR g.organization_id = ANY($5::text[]))
),
