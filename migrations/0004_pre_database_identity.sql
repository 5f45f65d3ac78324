-- migrate:up

-- Where positions were last taken, and their epoch. A session with another server, timeline or database raises the
-- epoch first (service/store/epoch.py). The first session adds the row.
CREATE TABLE database_identity (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    system_identifier bigint NOT NULL,
    timeline bigint NOT NULL,
    database_oid oid NOT NULL,
    epoch integer NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);

-- migrate:down
