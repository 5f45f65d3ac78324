DELETE FROM user_producer_code AS a
USING unnest($1::text[], $2::text[]) AS n (user_id, code_id)
WHERE a.user_id = n.user_id AND a.code_id = n.code_id
