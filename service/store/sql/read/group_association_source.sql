SELECT a.code_id AS id FROM group_producer_code AS a LEFT JOIN producer_code AS c ON c.id = a.code_id
WHERE a.group_id = $4::text AND EXISTS (SELECT FROM owner) /*filter*/
ORDER BY /*order*/ a.code /*direction*/ LIMIT /*bound*/ 32
