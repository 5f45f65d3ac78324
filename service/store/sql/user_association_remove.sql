-- $1 user ids, $2 code ids, pair by pair, each joined by commas
DELETE FROM user_producer_code AS a
USING unnest(string_to_array($1, ','), string_to_array($2, ',')) AS n (user_id, code_id)
WHERE a.user_id = n.user_id AND a.code_id = n.code_id
