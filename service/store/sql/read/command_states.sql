-- Statement: what became of commands, a row for each in their order: the outcome, null for a command that is not in the
-- inbox, and whether the mark of its partition has passed its offset. A command that waits for a reference has not
-- been passed, although the mark is behind it. All of it is of one snapshot.
-- LIMIT keeps the planner from joining the tables in another way than key by key: what is cheap while they are empty
-- would read a whole index for each command later, because a session keeps its plan.
-- $1 sources, $2 ids, $3 for each the partition and $4 the offset in it, or nulls; $5 topics to look for, the first that
-- has the id counts; $6 cluster, $7 topic and $8 topic id of the marks; $9 the ids as the inbox has them
SELECT decided.outcome, mark.passed IS NOT NULL AND waiting.waits IS NULL AS passed, waiting.waits IS NOT NULL AS waits
FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::int[]), (SELECT $4::bigint[]),
    (SELECT $9::bytea[])) WITH ORDINALITY AS n (source, command_id, partition, sent_at, packed_id, place)
LEFT JOIN LATERAL (
    SELECT i.outcome
    FROM unnest((SELECT $5::text[])) WITH ORDINALITY AS t (topic, place)
    CROSS JOIN LATERAL (
        SELECT known.outcome
        FROM inbox AS known
        WHERE known.sender = (SELECT s.id FROM inbox_sender AS s WHERE s.source = n.source AND s.topic = t.topic)
          AND known.command_id = n.packed_id
        LIMIT 1
    ) AS i
    ORDER BY t.place
    LIMIT 1
) AS decided ON true
LEFT JOIN LATERAL (
    SELECT true AS waits
    FROM unnest((SELECT $5::text[])) AS t (topic)
    CROSS JOIN LATERAL (
        SELECT FROM waiting_command AS w
        WHERE w.source = n.source AND w.command_id = n.command_id AND w.topic = t.topic
        LIMIT 1
    ) AS one
    WHERE decided.outcome IS NULL
    LIMIT 1
) AS waiting ON true
LEFT JOIN LATERAL (
    SELECT true AS passed
    FROM offset_mark AS m
    WHERE m.cluster_id = $6::text AND m.topic = $7::text AND m.topic_id = $8::text
      AND m.partition = n.partition AND m.next_offset > n.sent_at
    -- Old row versions have lower offsets: the first row that is read is the current one.
    ORDER BY m.next_offset DESC
    LIMIT 1
) AS mark ON true
ORDER BY n.place
