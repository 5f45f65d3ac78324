-- Set for what each command waits now: its place is in the order of ids among the commands of the subject.
-- $1 ids, $2 kinds and $3 ids of subjects, $4 kinds and $5 ids of references, null for none
UPDATE waiting_command AS w
SET kind = n.kind, subject = n.subject, reference_kind = n.reference_kind, reference_id = n.reference_id
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[])
    AS n (id, kind, subject, reference_kind, reference_id)
WHERE w.id = n.id
