-- What waits already: a row for each subject that has waiting commands, and one for each command that waits itself.
-- $1 kinds and $2 ids of subjects; $3 sources, $4 ids and $5 topics of commands
SELECT n.kind, n.subject, NULL AS source, NULL AS command_id, NULL AS topic
FROM unnest($1::text[], $2::text[]) AS n (kind, subject)
WHERE EXISTS (SELECT FROM waiting_command AS w WHERE w.kind = n.kind AND w.subject = n.subject)
UNION ALL
SELECT w.kind, w.subject, n.source, n.command_id, n.topic
FROM unnest($3::text[], $4::text[], $5::text[]) AS n (source, command_id, topic)
CROSS JOIN LATERAL (
    SELECT f.kind, f.subject
    FROM waiting_command AS f
    WHERE f.source = n.source AND f.command_id = n.command_id AND f.topic = n.topic
    ORDER BY f.id
    LIMIT 1
) AS w
