-- Senders whose row another batch has added, and not committed yet, make this statement wait; they are not in the result.
-- $1 sources, $2 topics, sorted as in every writer
INSERT INTO inbox_sender (source, topic)
SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (source, topic) DO NOTHING
RETURNING source, topic, id
