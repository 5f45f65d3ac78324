-- $3 organization ids without repeats
SELECT u.* FROM unnest((SELECT $3::text[])) AS wanted (id) CROSS JOIN LATERAL (
    SELECT o.* FROM registry_user AS o WHERE o.organization_id = wanted.id AND o.id > $1::text
    ORDER BY o.id LIMIT /*bound*/ 32
) AS u
ORDER BY u.id LIMIT /*bound*/ 32
