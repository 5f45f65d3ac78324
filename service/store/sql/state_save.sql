-- Update changed groups, users or codes. $1 ids, $2 the version each was loaded with, $3 new versions, then the columns
-- that can change: lists of ids joined by commas, JSON as text
UPDATE /*table*/ AS t SET
    version = n.version,
    /*assignments*/
FROM unnest(
    $1::text[], $2::integer[], $3::integer[],
    /*parameters*/
) AS n (
    id, loaded_version, version,
    /*names*/
)
WHERE t.id = n.id AND t.version = n.loaded_version
