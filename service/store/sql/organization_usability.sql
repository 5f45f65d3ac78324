-- Update the codes of organizations whose status changed, and the associations of these codes.
-- $1 organization ids, $2 what their status allows (2, 1, 0)
WITH code AS (
    UPDATE producer_code AS c
    SET usable = LEAST(o.level, CASE c.status WHEN 'Active' THEN 2 WHEN 'Limited' THEN 1 ELSE 0 END)
    FROM unnest($1::text[], $2::smallint[]) AS o (id, level)
    WHERE c.organization_id = o.id
    RETURNING c.id, c.usable
), of_users AS (
    UPDATE user_producer_code AS a SET usable = code.usable FROM code WHERE a.code_id = code.id
)
UPDATE group_producer_code AS a SET usable = code.usable FROM code WHERE a.code_id = code.id
