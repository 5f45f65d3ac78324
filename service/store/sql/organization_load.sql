-- $1 ids, joined by commas
SELECT id, display_name, status, domains, insurer, version FROM organization WHERE id = ANY(string_to_array($1, ','))
