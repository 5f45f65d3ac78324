-- The identity of this session's database, whether it is the one that is kept (null: none is kept), and the last epoch.
-- The timeline is that of the WAL which is written now: right after a promotion the control file still has the former
-- one.
-- $1 blocks in an epoch
SELECT here.system_identifier,
       here.timeline,
       here.database_oid,
       (kept.system_identifier, kept.timeline, kept.database_oid)
           = (here.system_identifier, here.timeline, here.database_oid) AS same,
       GREATEST(COALESCE((SELECT last_value FROM outbox_block WHERE is_called) / $1::bigint, 1), kept.epoch)::integer AS epoch
FROM (
    SELECT s.system_identifier,
           ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint AS timeline,
           (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()) AS database_oid
    FROM pg_control_system() AS s
) AS here
LEFT JOIN database_identity AS kept ON kept.singleton
