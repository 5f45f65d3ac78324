-- Codes ($1 their ids) as elements of a page, each with the stamp of the state it shows
WITH shown AS (SELECT wanted.id, 1 AS n FROM unnest((SELECT $1::text[])) AS wanted (id))
SELECT detail.stamp, '{"attributes":' || detail.attributes || ',"checksum":"'
    || detail.version || '-' || left(md5(detail.attributes), 16)
    || '","links":{"self":{"href":' || to_json(detail.href) || ',"methods":["get"]}}}' AS document
FROM (/*detail*/) AS detail
