-- Statement: which of the code strings $1, in lower case, belong to a code.
SELECT lower(c.code) AS code FROM producer_code AS c WHERE lower(c.code) = ANY($1::text[])
