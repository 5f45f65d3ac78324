DELETE FROM group_producer_code AS a
USING unnest($1::text[], $2::text[]) AS n (group_id, code_id)
WHERE a.group_id = n.group_id AND a.code_id = n.code_id
