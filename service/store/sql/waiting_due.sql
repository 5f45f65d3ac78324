-- Subjects whose first waiting command has its reference now, has reached its deadline, or waits behind nothing.
-- $1 kinds and $2 ids of references that may have appeared, $3 kinds and $4 ids of subjects to look at, $5 whether to
-- look at all subjects; those with a command at its deadline are always looked at. $6 limit of subjects
WITH candidate AS (
    SELECT w.kind, w.subject
    FROM unnest($1::text[], $2::text[]) AS n (kind, id)
    JOIN waiting_command AS w ON w.reference_kind = n.kind AND w.reference_id = n.id
    UNION
    SELECT n.kind, n.subject FROM unnest($3::text[], $4::text[]) AS n (kind, subject)
    UNION
    SELECT w.kind, w.subject FROM waiting_command AS w WHERE w.deadline <= now()
    UNION
    SELECT w.kind, w.subject FROM waiting_command AS w WHERE $5::boolean
)
SELECT c.kind, c.subject
FROM candidate AS c
CROSS JOIN LATERAL (
    SELECT w.reference_kind, w.reference_id, w.deadline
    FROM waiting_command AS w
    WHERE w.kind = c.kind AND w.subject = c.subject
    ORDER BY w.id
    LIMIT 1
) AS head
WHERE head.deadline <= now() OR CASE head.reference_kind
    WHEN 'organization' THEN EXISTS (SELECT FROM organization AS r WHERE r.id = head.reference_id)
    WHEN 'branch' THEN EXISTS (SELECT FROM branch AS r WHERE r.id = head.reference_id)
    WHEN 'role' THEN EXISTS (SELECT FROM role AS r WHERE r.id = head.reference_id)
    WHEN 'product' THEN EXISTS (SELECT FROM product AS r WHERE r.id = head.reference_id)
    WHEN 'group' THEN EXISTS (SELECT FROM registry_group AS r WHERE r.id = head.reference_id)
    WHEN 'user' THEN EXISTS (SELECT FROM registry_user AS r WHERE r.id = head.reference_id)
    WHEN 'producer-code' THEN EXISTS (SELECT FROM producer_code AS r WHERE r.id = head.reference_id)
    ELSE true
END
LIMIT $6
