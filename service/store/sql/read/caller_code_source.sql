-- The codes available to the caller (domain, "Who may use which code"); see the pure rule in core.availability.
-- $5 date, $6 externally visible code strings in lower case. For each owner the first page from its partial index, then
-- merged; the code's row is joined only for a filter or sort. A parameter behind a SELECT is estimated alike in a plan
-- for one call and in one for all, so the server soon plans this no more.
SELECT held.id FROM (
    SELECT own.id, own.code /*merged*/ FROM caller CROSS JOIN LATERAL (
        SELECT a.code_id AS id, a.code /*sorted*/
        FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
        WHERE a.user_id = caller.id AND a.usable > 0 AND a.usable > /*least*/ 1
            AND (a.appointment_date > (SELECT $5::date)) IS NOT TRUE
            AND (a.termination_date <= (SELECT $5::date)) IS NOT TRUE /*filter*/
        ORDER BY /*order*/ a.code /*direction*/ LIMIT /*bound*/ 32
    ) AS own WHERE caller.enabled AND caller.code_secured
    UNION
    SELECT own.id, own.code /*merged*/ FROM caller CROSS JOIN unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
        SELECT a.code_id AS id, a.code /*sorted*/
        FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
        WHERE a.group_id = team.id AND a.usable > 0 AND a.usable > /*least*/ 1
            AND (a.appointment_date > (SELECT $5::date)) IS NOT TRUE
            AND (a.termination_date <= (SELECT $5::date)) IS NOT TRUE /*filter*/
        ORDER BY /*order*/ a.code /*direction*/ LIMIT /*bound*/ 32
    ) AS own WHERE caller.enabled AND caller.code_secured
    UNION
    SELECT own.id, own.code /*merged*/ FROM caller CROSS JOIN LATERAL (
        SELECT c.id, c.code /*sorted*/ FROM producer_code AS c
        WHERE caller.enabled AND NOT caller.code_secured AND c.usable > 0 AND c.usable > /*least*/ 1
            AND (c.appointment_date > (SELECT $5::date)) IS NOT TRUE
            AND (c.termination_date <= (SELECT $5::date)) IS NOT TRUE /*filter*/
        ORDER BY /*order*/ c.code /*direction*/ LIMIT /*bound*/ 32
    ) AS own
    UNION
    SELECT c.id, c.code /*sorted*/ FROM producer_code AS c
    WHERE NOT EXISTS (SELECT FROM caller) AND lower(c.code) = ANY((SELECT $6::text[])::text[]) AND c.usable > 0 AND c.usable > /*least*/ 1
        AND (c.appointment_date > (SELECT $5::date)) IS NOT TRUE
        AND (c.termination_date <= (SELECT $5::date)) IS NOT TRUE /*filter*/
) AS held
ORDER BY /*merge*/ held.code /*direction*/ LIMIT /*bound*/ 32
