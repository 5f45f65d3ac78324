-- PostgreSQL roles with the privileges that the service needs, and no others.
--
-- The owner of the database, or a superuser, runs this file in the database of the service: before the first `migrate`, for
-- the roles, and after each `migrate`, for the privileges on new tables. It is safe to repeat while the service runs.
--   registry_owner   owns the tables, for `migrate`, `after-restore` and `outbox discard`
--   registry_writer  for `serve --role consumers` and `all`, `resend`, and `serve --role relay`
--   registry_relay   for `serve --role relay` alone
--   registry_reader  for `serve --role api`; it writes nothing
-- Roles that exist are not changed, so CREATEROLE is needed only for missing ones. They cannot log in: grant them to login
-- roles, or give them LOGIN and a password. tests/integration/store/test_roles.py compares this file with the tables.
DO $roles$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['registry_owner', 'registry_writer', 'registry_relay', 'registry_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
    -- Everyone may connect and create temporary tables by default.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO registry_owner', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO registry_writer, registry_relay, registry_reader', current_database()
    );
END
$roles$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO registry_owner;
GRANT USAGE ON SCHEMA public TO registry_writer, registry_relay, registry_reader;

DO $privileges$
BEGIN
    IF to_regclass('public.schema_migrations') IS NULL THEN
        RAISE NOTICE 'there are no tables yet: run this file again after migrate';
        RETURN;
    END IF;

    -- One transaction takes away what an earlier version granted and grants what this one needs.
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM registry_writer, registry_relay, registry_reader;
    REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM registry_writer, registry_relay, registry_reader;

    GRANT SELECT ON schema_migrations TO registry_writer, registry_relay, registry_reader;

    -- Objects
    GRANT SELECT, INSERT, UPDATE ON
        branch, organization, producer_code, product, registry_group, registry_user, role
        TO registry_writer;
    GRANT SELECT, INSERT, UPDATE, DELETE ON group_producer_code, user_producer_code TO registry_writer;
    GRANT SELECT ON
        branch, group_producer_code, organization, producer_code, product, registry_group, registry_user, role,
        user_producer_code
        TO registry_reader;

    -- Decided and waiting commands: the API shows their states
    GRANT SELECT, INSERT, DELETE ON inbox, inbox_sender TO registry_writer;
    GRANT SELECT, INSERT, UPDATE ON offset_mark TO registry_writer;
    GRANT SELECT, INSERT, UPDATE, DELETE ON waiting_command TO registry_writer;
    GRANT SELECT ON inbox, inbox_sender, offset_mark, waiting_command TO registry_reader;

    -- Positions of messages; UPDATE includes nextval
    GRANT SELECT, INSERT, UPDATE ON database_identity TO registry_writer;
    GRANT SELECT, UPDATE ON SEQUENCE outbox_block TO registry_writer;
    GRANT SELECT ON SEQUENCE outbox_block TO registry_relay;

    -- Messages that are not published yet; outbox_discarded is for the owner
    GRANT SELECT, INSERT, DELETE ON outbox_frame, outbox_held TO registry_writer, registry_relay;
END
$privileges$;
