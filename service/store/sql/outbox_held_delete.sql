-- Delete held rows, and return the positions of those that existed. $1 positions
DELETE FROM outbox_held WHERE position = ANY($1::bigint[]) RETURNING position
