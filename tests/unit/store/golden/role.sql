-- role_save
-- Insert or update organizations, branches, roles or products. $1 a JSON array of objects with the columns as names
INSERT INTO role AS t (
    id,
    display_name,
    permissions,
    version
)
SELECT
    id,
    display_name,
    permissions,
    version
FROM jsonb_to_recordset($1::text::jsonb) AS n (
    id text,
    display_name text,
    permissions text[],
    version integer
)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
    display_name = EXCLUDED.display_name,
    permissions = EXCLUDED.permissions,
    version = EXCLUDED.version
