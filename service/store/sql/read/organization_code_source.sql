-- $4 organization ids without repeats
SELECT held.id FROM unnest((SELECT $4::text[])) AS wanted (id) CROSS JOIN LATERAL (
    SELECT c.id, c.code /*sorted*/ FROM producer_code AS c WHERE c.organization_id = wanted.id /*filter*/
    ORDER BY /*order*/ c.code /*direction*/ LIMIT /*bound*/ 32
) AS held
ORDER BY /*merge*/ held.code /*direction*/ LIMIT /*bound*/ 32
