-- Update changed codes. $1 ids, $2 the version each was loaded with, $3 new versions, then the columns (role ids joined
-- by commas)
UPDATE producer_code AS t
SET version = n.version, role_ids = string_to_array(n.role_ids, ','), description = n.description,
    branch_id = n.branch_id, status = n.status, appointment_date = n.appointment_date,
    termination_date = n.termination_date, usable = n.usable
FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::date[],
            $9::date[], $10::smallint[])
    AS n (id, loaded_version, version, role_ids, description, branch_id, status, appointment_date,
          termination_date, usable)
WHERE t.id = n.id AND t.version = n.loaded_version
