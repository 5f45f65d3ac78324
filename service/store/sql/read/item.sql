-- Part: one element of a collection, from its attributes x.attributes, version x.version and path x.href.
-- The checksum is the tag of the element's own answer: over all attributes, whichever are shown ($3).
'{"attributes":' || CASE WHEN $3::text[] IS NULL THEN x.attributes ELSE (
        SELECT '{' || coalesce(string_agg(to_json(f.key) || ':' || f.value, ','), '') || '}'
        FROM json_each(x.attributes::json) AS f WHERE f.key = ANY($3::text[])) END
    || ',"checksum":"' || x.version || '-' || left(md5(x.attributes), 16)
    || '","links":{"self":{"href":' || to_json(x.href) || ',"methods":["get"]}}}'
