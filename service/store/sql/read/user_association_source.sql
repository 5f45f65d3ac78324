-- Part: the codes of the user $4, in order.
-- Placeholders:
--   filter     conditions on c, each after ' AND '
--   order_c    sort keys of c, each before ', '
--   direction  of the last sort key: empty or ' DESC'
--   limit      rows: a number or ALL
SELECT a.code_id AS id FROM user_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
WHERE a.user_id = $4::text AND EXISTS (SELECT FROM owner)/*filter*/
ORDER BY /*order_c*/a.code/*direction*/ LIMIT /*limit*/
