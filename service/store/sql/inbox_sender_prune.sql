-- Delete those of the senders $1 of which no command is in the inbox. Only without a batch: it may use their numbers
DELETE FROM inbox_sender AS s
WHERE s.id = ANY($1::bigint[]) AND NOT EXISTS (SELECT FROM inbox AS i WHERE i.sender = s.id)
