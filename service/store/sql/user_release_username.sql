-- Clear the user names that users give up in this batch: another user may take them in the same batch. $1 ids
UPDATE registry_user SET username = NULL WHERE id = ANY($1::text[])
