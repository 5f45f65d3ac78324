-- Users that give their user name up in this batch: another one may take it in the same batch.
UPDATE registry_user SET username = NULL WHERE id = ANY($1::text[])
