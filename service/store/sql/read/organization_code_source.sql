-- Part: the codes of organizations, in order. $4 distinct organization ids
-- Placeholders:
--   columns_c   more columns of c, each after ', '
--   filter      conditions on c, each after ' AND '
--   order_c     sort keys of c, each before ', '
--   order_held  the same sort keys of held
--   direction   of the last sort key: empty or ' DESC'
--   limit       rows: a number or ALL
SELECT held.id FROM unnest((SELECT $4::text[])) AS wanted (id) CROSS JOIN LATERAL (
    SELECT c.id, c.code/*columns_c*/ FROM producer_code AS c WHERE c.organization_id = wanted.id/*filter*/
    ORDER BY /*order_c*/c.code/*direction*/ LIMIT /*limit*/
) AS held
ORDER BY /*order_held*/held.code/*direction*/ LIMIT /*limit*/
