-- $1 positions of held rows; those that are still there
DELETE FROM outbox_held WHERE position = ANY($1::bigint[]) RETURNING position
