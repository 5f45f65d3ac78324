-- branch_save
-- Insert or update organizations, branches, roles or products. $1 a JSON array of objects with the columns as names
INSERT INTO branch AS t (
    id,
    branch_code,
    display_name,
    version
)
SELECT
    id,
    branch_code,
    display_name,
    version
FROM jsonb_to_recordset($1::text::jsonb) AS n (
    id text,
    branch_code text,
    display_name text,
    version integer
)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
    branch_code = EXCLUDED.branch_code,
    display_name = EXCLUDED.display_name,
    version = EXCLUDED.version
