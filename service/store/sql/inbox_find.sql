-- The numbers of senders, 0 for one that is not known, in a row without a place; and a row for each command in the inbox,
-- by its place among the commands.
-- Senders, each once: $1 sources, $2 topics. Commands: $3 places of their senders, from 1, $4 ids
WITH known AS MATERIALIZED (
    SELECT array_agg(COALESCE(s.id, 0) ORDER BY n.place) AS numbers
    FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) WITH ORDINALITY AS n (source, topic, place)
    LEFT JOIN inbox_sender AS s ON s.source = n.source AND s.topic = n.topic
)
SELECT NULL::bigint AS place, known.numbers, NULL::bytea AS outcome, NULL::timestamptz AS decided_at FROM known
UNION ALL
SELECT n.place, NULL, i.outcome, i.decided_at
FROM unnest((SELECT $3::int[]), (SELECT $4::bytea[])) WITH ORDINALITY AS n (sender, command_id, place)
JOIN inbox AS i ON i.sender = ((SELECT known.numbers FROM known)[n.sender]) AND i.command_id = n.command_id
