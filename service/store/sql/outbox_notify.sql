-- Tell the relays something when the transaction commits. $1 channel, $2 word
SELECT pg_notify($1, $2)
