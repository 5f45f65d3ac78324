SELECT c.id FROM producer_code AS c WHERE true /*filter*/
ORDER BY /*order*/ c.code /*direction*/ LIMIT /*bound*/ 32
