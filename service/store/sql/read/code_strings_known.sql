-- Which of the code strings in lower case ($1) are there
SELECT lower(c.code) AS code FROM producer_code AS c WHERE lower(c.code) = ANY($1::text[])
