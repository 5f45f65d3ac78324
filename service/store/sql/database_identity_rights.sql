-- This role, and the rights that it lacks to compare the identity of the database and to raise the epoch
SELECT current_user AS role, COALESCE(array_agg(n.need ORDER BY n.need) FILTER (WHERE NOT n.granted), '{}') AS missing
FROM (
    SELECT format('%s on the table database_identity', p.privilege) AS need,
           has_table_privilege('database_identity', p.privilege) AS granted
    FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS p (privilege)
    UNION ALL
    SELECT format('%s on the sequence outbox_block', p.privilege), has_sequence_privilege('outbox_block', p.privilege)
    FROM unnest(ARRAY['SELECT', 'UPDATE']) AS p (privilege)
    UNION ALL
    SELECT format('EXECUTE on the function %s', f.name), has_function_privilege(f.name, 'EXECUTE')
    FROM unnest(ARRAY['pg_control_system()', 'pg_current_wal_lsn()', 'pg_walfile_name(pg_lsn)']) AS f (name)
) AS n
