-- Part: all codes, in order.
-- Placeholders:
--   filter     conditions on c, each after ' AND '
--   order_c    sort keys of c, each before ', '
--   direction  of the last sort key: empty or ' DESC'
--   limit      rows: a number or ALL
SELECT c.id FROM producer_code AS c WHERE true/*filter*/
ORDER BY /*order_c*/c.code/*direction*/ LIMIT /*limit*/
