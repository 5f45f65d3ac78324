SELECT id, display_name, permissions, version FROM role WHERE id = ANY($1::text[])
