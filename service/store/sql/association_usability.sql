-- Update the associations that repeat the usability or the dates of changed codes.
-- $1 code ids, $2 usability, $3 appointment dates, $4 termination dates
WITH n AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::smallint[], $3::date[], $4::date[])
        AS n (code_id, usable, appointment_date, termination_date)
), of_users AS (
    UPDATE user_producer_code AS a
    SET usable = n.usable, appointment_date = n.appointment_date, termination_date = n.termination_date
    FROM n WHERE a.code_id = n.code_id
)
UPDATE group_producer_code AS a
SET usable = n.usable, appointment_date = n.appointment_date, termination_date = n.termination_date
FROM n WHERE a.code_id = n.code_id
