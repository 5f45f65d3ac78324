-- $1 system identifier, $2 timeline, $3 database oid, $4 epoch
INSERT INTO database_identity AS kept (system_identifier, timeline, database_oid, epoch)
VALUES ($1, $2, $3, $4)
ON CONFLICT (singleton) DO UPDATE
SET system_identifier = excluded.system_identifier, timeline = excluded.timeline, database_oid = excluded.database_oid,
    epoch = excluded.epoch, since = now()
