-- One page of a collection. $1 items to pass over, $2 items to show, $3 attributes to show or null for all; the values
-- of owner and source from $4, then the filters'. The parts between the marks come from the files beside this one.
-- An item's tag covers all its attributes, whichever are shown: it is the tag of the element's own answer.
WITH /*owner*/ page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (/*source*/) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (/*detail*/ OFFSET 0) AS detail
)
SELECT '[' || coalesce(string_agg(
        '{"attributes":' || CASE WHEN $3::text[] IS NULL THEN item.attributes ELSE (
            SELECT '{' || coalesce(string_agg(to_json(f.key) || ':' || f.value, ','), '') || '}'
            FROM json_each(item.attributes::json) AS f WHERE f.key = ANY($3::text[])) END
        || ',"checksum":"' || item.tag || '","links":{"self":{"href":' || to_json(item.href)
        || ',"methods":["get"]}}}', ',' ORDER BY item.n), '') || ']' AS data,
    count(*)::int AS shown, min(item.tag) AS tag, (SELECT count(*) FROM page) > $2::int AS more,
    /*total*/ NULL::bigint AS total, /*verdict*/ true AS verdict
FROM item
