SELECT c.id FROM producer_code AS c WHERE true /*filter*/
ORDER BY /*order*/ c.code LIMIT /*bound*/ 32
