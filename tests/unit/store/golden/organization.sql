-- organization_save
-- Insert or update organizations, branches, roles or products. $1 a JSON array of objects with the columns as names
INSERT INTO organization AS t (
    id,
    display_name,
    status,
    domains,
    insurer,
    version
)
SELECT
    id,
    display_name,
    status,
    domains,
    insurer,
    version
FROM jsonb_to_recordset($1::text::jsonb) AS n (
    id text,
    display_name text,
    status text,
    domains text[],
    insurer boolean,
    version integer
)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
    display_name = EXCLUDED.display_name,
    status = EXCLUDED.status,
    domains = EXCLUDED.domains,
    insurer = EXCLUDED.insurer,
    version = EXCLUDED.version
