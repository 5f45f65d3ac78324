-- $1 positions of frames
DELETE FROM outbox_frame WHERE position = ANY($1::bigint[])
