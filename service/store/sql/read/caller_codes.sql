-- Part: the first codes that a caller may use (domain, "Who may use which code"): id, code and the columns to sort by.
-- This is the only place in SQL with this rule; core.availability has it in Python. `caller` is a row of caller.sql.
-- A code that the caller holds more than once comes more than once. From each user, group and table only the first rows
-- of a partial index are read. The row c is joined only where a placeholder names it: else the planner drops the join.
-- Placeholders:
--   usable_a, usable_c  usable.sql for an association a or a code c
--   columns_c           more columns of c, each after ', '
--   columns_own         the same columns of own
--   filter              conditions on c, each after ' AND '
--   order_c             sort keys of c, each before ', '
--   direction           of the last sort key: empty or ' DESC'
--   limit               rows from each user, group and table: a number or ALL
SELECT own.id, own.code/*columns_own*/ FROM (
    SELECT a.code_id AS id, a.code/*columns_c*/
    FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
    WHERE caller.enabled AND caller.code_secured AND a.user_id = caller.id
        AND /*usable_a*//*filter*/
    ORDER BY /*order_c*/a.code/*direction*/ LIMIT /*limit*/
) AS own
UNION ALL
SELECT own.id, own.code/*columns_own*/ FROM unnest(caller.group_ids) AS team (id) CROSS JOIN LATERAL (
    SELECT a.code_id AS id, a.code/*columns_c*/
    FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
    WHERE caller.enabled AND caller.code_secured AND a.group_id = team.id
        AND /*usable_a*//*filter*/
    ORDER BY /*order_c*/a.code/*direction*/ LIMIT /*limit*/
) AS own
UNION ALL
SELECT own.id, own.code/*columns_own*/ FROM (
    SELECT c.id, c.code/*columns_c*/ FROM producer_code AS c
    WHERE caller.enabled AND NOT caller.code_secured
        AND /*usable_c*//*filter*/
    ORDER BY /*order_c*/c.code/*direction*/ LIMIT /*limit*/
) AS own
UNION ALL
SELECT c.id, c.code/*columns_c*/ FROM producer_code AS c
WHERE caller.id IS NULL AND lower(c.code) = ANY(caller.visible)
    AND /*usable_c*//*filter*/
