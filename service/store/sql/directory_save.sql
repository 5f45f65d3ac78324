-- Insert or update organizations, branches, roles or products. $1 a JSON array of objects with the columns as names
INSERT INTO /*table*/ AS t (
    /*columns*/
)
SELECT
    /*columns*/
FROM jsonb_to_recordset($1::text::jsonb) AS n (
    /*types*/
)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
    /*assignments*/
