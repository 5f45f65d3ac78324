-- The last of the next senders, null at the end, and those of them of which no command is in the inbox. $1 the sender
-- after which they begin, $2 how many
SELECT max(s.id) AS last,
       array_agg(s.id) FILTER (WHERE NOT EXISTS (SELECT FROM inbox AS i WHERE i.sender = s.id)) AS unused
FROM (SELECT id FROM inbox_sender WHERE id > $1 ORDER BY id LIMIT $2) AS s
