-- Part: the codes of the one caller of a page, in order.
-- Placeholders:
--   codes         caller_codes.sql
--   columns_held  the columns to sort by, each after ', '
--   order_held    sort keys, each before ', '
--   direction     of the last sort key: empty or ' DESC'
--   limit         rows: a number or ALL
SELECT DISTINCT held.id, held.code/*columns_held*/ FROM caller CROSS JOIN LATERAL (
    /*codes*/
) AS held
ORDER BY /*order_held*/held.code/*direction*/ LIMIT /*limit*/
