-- $1 ids, joined by commas
SELECT id, display_name, permissions, version FROM role WHERE id = ANY(string_to_array($1, ','))
