SELECT id, display_name, status, domains, insurer, version FROM organization WHERE id = ANY($1::text[])
