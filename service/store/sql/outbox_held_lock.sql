-- No relay may hold or release messages until the transaction ends: a released row is replaced at the same position
LOCK TABLE outbox_held IN SHARE ROW EXCLUSIVE MODE
