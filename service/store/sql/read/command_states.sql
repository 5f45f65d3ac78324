-- Statement: what became of commands, a row for each in their order: the outcome, null for a command that is not in the
-- inbox, and whether the mark of its partition has passed its offset. A command that waits for a reference has not
-- been passed, although the mark is behind it. All of it is of one snapshot.
-- $1 sources, $2 ids, $3 for each the partition and $4 the offset in it, or nulls; $5 topics to look for, the first that
-- has the id counts; $6 cluster, $7 topic and $8 topic id of the marks; $9 the ids as the inbox has them
SELECT decided.outcome, mark.passed IS NOT NULL AND NOT waiting.waits AS passed, waiting.waits
FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::int[]), (SELECT $4::bigint[]),
    (SELECT $9::bytea[])) WITH ORDINALITY AS n (source, command_id, partition, sent_at, packed_id, place)
LEFT JOIN LATERAL (
    SELECT i.outcome
    FROM inbox_sender AS s
    JOIN inbox AS i ON i.sender = s.id AND i.command_id = n.packed_id
    WHERE s.source = n.source AND s.topic = ANY($5::text[])
    ORDER BY array_position($5::text[], s.topic)
    LIMIT 1
) AS decided ON true
CROSS JOIN LATERAL (
    SELECT decided.outcome IS NULL AND EXISTS (
        SELECT FROM waiting_command AS w
        WHERE w.source = n.source AND w.command_id = n.command_id AND w.topic = ANY($5::text[])
    ) AS waits
) AS waiting
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
