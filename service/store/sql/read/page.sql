-- Statement: one page of a collection of codes or associations, as one row. code_page.py makes it for all codes, the
-- codes of organizations, of a user, of a group and of a caller. tests/unit/store/golden has the complete statements.
-- $1 items to skip, $2 items to show, $3 attributes to show or null for all; then the values of the owner and of the
-- source, from $4; then the values of the filters.
-- The tag of an item covers all its attributes, whichever are shown: it is the tag of the element's own answer.
-- Placeholders:
--   owner    expressions that the source needs, each with a comma: *_owner.sql, or empty
--   source   the ids in order, up to a limit: *_source.sql
--   detail   the attributes of the items: *_detail.sql
--   total    the number of all items, or NULL::bigint
--   verdict  whether there is an answer at all
WITH
/*owner*/
page AS MATERIALIZED (
    SELECT numbered.id, numbered.n FROM (
        SELECT source.id, row_number() OVER () AS n FROM (
            /*source*/
        ) AS source
    ) AS numbered
    OFFSET $1::bigint LIMIT $2::int + 1
), shown AS (
    SELECT page.id, page.n FROM page WHERE page.n <= $1::bigint + $2::int
), item AS (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        /*detail*/
        OFFSET 0
    ) AS detail
)
SELECT '[' || coalesce(string_agg(
        '{"attributes":' || CASE WHEN $3::text[] IS NULL THEN item.attributes ELSE (
            SELECT '{' || coalesce(string_agg(to_json(f.key) || ':' || f.value, ','), '') || '}'
            FROM json_each(item.attributes::json) AS f WHERE f.key = ANY($3::text[])) END
        || ',"checksum":"' || item.tag || '","links":{"self":{"href":' || to_json(item.href)
        || ',"methods":["get"]}}}', ',' ORDER BY item.n), '') || ']' AS data,
    count(*)::int AS shown, min(item.tag) AS tag, (SELECT count(*) FROM page) > $2::int AS more,
    /*total*/ AS total,
    /*verdict*/ AS verdict
FROM item
