-- Remove decided commands. $1 ids
DELETE FROM waiting_command WHERE id = ANY($1::bigint[])
