-- Statement: codes as elements, each with its place among the ids and its tag. $1 ids
-- Placeholders:
--   detail  code_detail.sql
WITH shown AS (
    SELECT wanted.id, wanted.n FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS wanted (id, n)
)
SELECT item.n, item.tag, '{"attributes":' || item.attributes || ',"checksum":"' || item.tag
    || '","links":{"self":{"href":' || to_json(item.href) || ',"methods":["get"]}}}' AS data
FROM (
    SELECT detail.n, detail.attributes, detail.href, detail.version || '-' || left(md5(detail.attributes), 16) AS tag
    FROM (
        /*detail*/
        OFFSET 0
    ) AS detail
    OFFSET 0
) AS item
