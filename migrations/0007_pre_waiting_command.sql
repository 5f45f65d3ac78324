-- migrate:up

-- Commands whose references do not exist yet, and the later commands of their subjects, in the order of `id`. A row has
-- the record of the command, from which it is parsed again.
CREATE TABLE waiting_command (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- the subject: a noun such as group, and an id
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    -- one of the missing references; null if the command waits behind another command of the subject
    reference_kind text COLLATE "C",
    reference_id text COLLATE "C",
    received_at timestamptz NOT NULL,
    deadline timestamptz NOT NULL,
    source text COLLATE "C" NOT NULL,
    command_id text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    key bytea,
    value bytea NOT NULL,
    -- names may have characters that a text cannot have
    header_names bytea[] NOT NULL,
    header_values bytea[] NOT NULL
);
CREATE INDEX waiting_command_subject ON waiting_command (kind, subject, id);
CREATE INDEX waiting_command_reference ON waiting_command (reference_kind, reference_id) WHERE reference_kind IS NOT NULL;
CREATE INDEX waiting_command_deadline ON waiting_command (deadline);
CREATE INDEX waiting_command_identity ON waiting_command (source, command_id, topic);

-- Roles that may read or write the inbox need the same here, and the running version has them already.
DO $$
DECLARE
    given record;
BEGIN
    FOR given IN
        SELECT CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END AS grantee,
               CASE acl.privilege_type WHEN 'INSERT' THEN 'INSERT, UPDATE' ELSE acl.privilege_type END AS privileges
        FROM pg_class AS c, aclexplode(c.relacl) AS acl
        WHERE c.oid = 'inbox'::regclass AND acl.grantee <> c.relowner
          AND acl.privilege_type IN ('SELECT', 'INSERT', 'DELETE')
    LOOP
        EXECUTE format('GRANT %s ON waiting_command TO %s', given.privileges, given.grantee);
    END LOOP;
END $$;

-- migrate:down
