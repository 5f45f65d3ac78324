-- No relay may hold or release anything until the transaction ends: a released row is replaced under the same position.
LOCK TABLE outbox_held IN SHARE ROW EXCLUSIVE MODE
