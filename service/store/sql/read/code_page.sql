-- One page of codes. $1 items to pass over, $2 items to show, $3 attributes to show or null for all; the source's
-- own values from $4, then the filters'.
WITH /*caller*/ page AS MATERIALIZED (
    SELECT w.id, w.n FROM (
        SELECT c.id, row_number() OVER () AS n FROM (/*source*/) AS c
    ) AS w
    OFFSET $1::bigint LIMIT $2::int + 1
), item AS (
    SELECT x.n, /*item*/ AS item
    FROM (
        SELECT page.n, c.version, '/admin/v1/producer-codes/' || c.id AS href, /*attributes*/ AS attributes
        FROM page
        JOIN producer_code AS c ON c.id = page.id
        JOIN organization AS o ON o.id = c.organization_id
        LEFT JOIN branch AS b ON b.id = c.branch_id
        WHERE page.n <= $1::bigint + $2::int
        OFFSET 0
    ) AS x
)
SELECT '[' || coalesce(string_agg(item.item, ',' ORDER BY item.n), '') || ']' AS data, count(*)::int AS shown,
    (SELECT count(*) FROM page) > $2::int AS more, /*total*/ NULL::bigint AS total, /*verdict*/ true AS verdict
FROM item
