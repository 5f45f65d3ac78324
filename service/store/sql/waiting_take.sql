-- The waiting commands of these subjects in the order of their arrival, and whether each has reached its deadline.
-- $1 kinds, $2 ids, $3 limit of commands
SELECT w.id, w.kind, w.subject, w.reference_kind, w.reference_id, w.deadline <= now() AS expired,
       w.topic, w.partition, w.record_offset, w.key, w.value, w.header_names, w.header_values
FROM unnest($1::text[], $2::text[]) AS n (kind, subject)
JOIN waiting_command AS w ON w.kind = n.kind AND w.subject = n.subject
ORDER BY w.id
LIMIT $3
