-- $1 sources, $2 topics
SELECT s.source, s.topic, s.id
FROM unnest($1::text[], $2::text[]) AS n (source, topic)
JOIN inbox_sender AS s ON s.source = n.source AND s.topic = n.topic
