-- $3 organization ids without repeats
SELECT g.* FROM unnest((SELECT $3::text[])) AS wanted (id) CROSS JOIN LATERAL (
    SELECT o.* FROM registry_group AS o WHERE o.organization_id = wanted.id AND o.id > $1::text /*other type*/
    ORDER BY o.id LIMIT /*bound*/ 32
) AS g
ORDER BY g.id LIMIT /*bound*/ 32
