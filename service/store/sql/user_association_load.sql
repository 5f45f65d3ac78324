-- $1 user ids, $2 code ids, pair by pair, each joined by commas
SELECT a.id::text AS id, a.user_id, a.code_id, a.role_ids
FROM unnest(string_to_array($1, ','), string_to_array($2, ',')) AS n (user_id, code_id)
JOIN user_producer_code AS a ON a.user_id = n.user_id AND a.code_id = n.code_id
