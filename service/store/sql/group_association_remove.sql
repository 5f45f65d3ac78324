-- $1 group ids, $2 code ids, pair by pair, each joined by commas
DELETE FROM group_producer_code AS a
USING unnest(string_to_array($1, ','), string_to_array($2, ',')) AS n (group_id, code_id)
WHERE a.group_id = n.group_id AND a.code_id = n.code_id
