-- product_save
-- Insert or update organizations, branches, roles or products. $1 a JSON array of objects with the columns as names
INSERT INTO product AS t (
    id,
    name,
    institution_id,
    product_line,
    version
)
SELECT
    id,
    name,
    institution_id,
    product_line,
    version
FROM jsonb_to_recordset($1::text::jsonb) AS n (
    id text,
    name text,
    institution_id text,
    product_line text,
    version integer
)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
    name = EXCLUDED.name,
    institution_id = EXCLUDED.institution_id,
    product_line = EXCLUDED.product_line,
    version = EXCLUDED.version
