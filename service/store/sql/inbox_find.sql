-- $1 sources, $2 command ids, $3 topics
SELECT i.source, i.command_id, i.topic, i.outcome, i.decided_at
FROM unnest($1::text[], $2::text[], $3::text[]) AS n (source, command_id, topic)
JOIN inbox AS i ON i.source = n.source AND i.command_id = n.command_id AND i.topic = n.topic
