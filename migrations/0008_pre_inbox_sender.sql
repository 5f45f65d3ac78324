-- migrate:up

-- A row of the inbox has a number for source and topic, the id as bytes, and a compact outcome. Stop every process of the
-- previous version: it cannot use the new tables.
SET LOCAL lock_timeout = '10s';

-- Who sends commands. Numbers are never used again. Rows without commands in the inbox are removed by housekeeping.
CREATE TABLE inbox_sender (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    UNIQUE (source, topic)
);

LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE;
-- squawk-ignore renaming-table
ALTER TABLE inbox RENAME TO inbox_before;
-- The new table has constraints with the same names.
ALTER TABLE inbox_before
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT inbox_pkey,
    -- squawk-ignore ban-drop-not-null
    ALTER COLUMN command_id DROP NOT NULL,
    -- squawk-ignore ban-drop-not-null
    ALTER COLUMN outcome DROP NOT NULL,
    -- squawk-ignore ban-drop-not-null
    ALTER COLUMN decided_at DROP NOT NULL;

-- Every decided command (within the retention), with the outcome that is returned for a duplicate.
CREATE TABLE inbox (
    decided_at timestamptz NOT NULL,
    -- a row of inbox_sender: not a foreign key, which would be checked for each command
    sender bigint NOT NULL,
    -- \x01 and the 16 bytes of a UUID in canonical form, or \x00 and the text (service/store/command_id.py)
    command_id bytea NOT NULL,
    -- the form, and what the outcome has beyond the command (service/store/stored_outcome.py)
    outcome bytea NOT NULL
);

INSERT INTO inbox_sender (source, topic) SELECT DISTINCT source, topic FROM inbox_before ORDER BY source, topic;
-- Outcomes stay as they are, behind the byte that says so.
INSERT INTO inbox (decided_at, sender, command_id, outcome)
SELECT b.decided_at, s.id,
       CASE WHEN b.command_id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
            THEN '\x01'::bytea || decode(replace(b.command_id, '-', ''), 'hex')
            ELSE '\x00'::bytea || convert_to(b.command_id, 'UTF8')
       END,
       '\x00'::bytea || b.outcome
FROM inbox_before AS b
JOIN inbox_sender AS s ON s.source = b.source AND s.topic = b.topic;

-- Roles keep their privileges on the inbox, and get those that they need on the senders.
DO $$
DECLARE
    given record;
BEGIN
    FOR given IN
        SELECT CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END AS grantee,
               acl.privilege_type AS privilege
        FROM pg_class AS c, aclexplode(c.relacl) AS acl
        WHERE c.oid = 'inbox_before'::regclass AND acl.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT %s ON inbox TO %s', given.privilege, given.grantee);
        IF given.privilege IN ('SELECT', 'INSERT', 'DELETE') THEN
            EXECUTE format('GRANT %s ON inbox_sender TO %s', given.privilege, given.grantee);
        END IF;
    END LOOP;
END $$;

-- squawk-ignore ban-drop-table
DROP TABLE inbox_before;
-- The table is not visible to others yet.
-- squawk-ignore constraint-missing-not-valid, adding-serial-primary-key-field, disallowed-unique-constraint
ALTER TABLE inbox ADD CONSTRAINT inbox_pkey PRIMARY KEY (sender, command_id);

-- migrate:down
