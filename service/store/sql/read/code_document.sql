-- Statement: codes as elements of a page, each with the stamp of the state it shows. $1 ids
-- Placeholders:
--   detail  code_detail.sql with stamps
WITH shown AS (SELECT wanted.id, 1 AS n FROM unnest((SELECT $1::text[])) AS wanted (id))
SELECT detail.stamp, '{"attributes":' || detail.attributes || ',"checksum":"'
    || detail.version || '-' || left(md5(detail.attributes), 16)
    || '","links":{"self":{"href":' || to_json(detail.href) || ',"methods":["get"]}}}' AS document
FROM (
    /*detail*/
) AS detail
