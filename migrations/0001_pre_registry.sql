-- migrate:up

-- Text that is compared, sorted or looked up has the collation "C": byte order, as in the HTTP contract.
-- References are not foreign keys: rows that can be referred to are never deleted, the decisions check every
-- reference under the locks of the batch, and a test verifies the tables.

CREATE TABLE organization (
    id text COLLATE "C" PRIMARY KEY,
    display_name text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    domains text[] NOT NULL,
    insurer boolean NOT NULL,
    version integer NOT NULL
);

CREATE TABLE branch (
    id text COLLATE "C" PRIMARY KEY,
    branch_code text COLLATE "C" NOT NULL,
    display_name text COLLATE "C" NOT NULL,
    version integer NOT NULL
);

CREATE TABLE role (
    id text COLLATE "C" PRIMARY KEY,
    display_name text COLLATE "C" NOT NULL,
    permissions text[] NOT NULL,
    version integer NOT NULL
);

CREATE TABLE product (
    id text COLLATE "C" PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    institution_id text COLLATE "C" NOT NULL,
    product_line text COLLATE "C" NOT NULL,
    version integer NOT NULL
);

CREATE TABLE registry_group (
    id text COLLATE "C" PRIMARY KEY,
    type text COLLATE "C" NOT NULL,
    value jsonb NOT NULL,
    organization_id text COLLATE "C" NOT NULL,
    product_ids text[] COLLATE "C" NOT NULL,
    -- number of codes of other organizations that the group holds; above 0, its insurer cannot stop being one
    held_foreign integer NOT NULL,
    version integer NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX registry_group_organization ON registry_group (organization_id, id);
CREATE INDEX registry_group_type ON registry_group (type, id);
CREATE INDEX registry_group_foreign ON registry_group (organization_id) WHERE held_foreign > 0;

CREATE TABLE registry_user (
    id text COLLATE "C" PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    email text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL,
    external_id text COLLATE "C",
    username text COLLATE "C",
    group_ids text[] COLLATE "C" NOT NULL,
    enabled boolean NOT NULL,
    external_user boolean NOT NULL,
    code_secured boolean NOT NULL,
    -- number of codes that the user holds directly, and of those that belong to other organizations
    held integer NOT NULL,
    held_foreign integer NOT NULL,
    version integer NOT NULL
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX registry_user_username ON registry_user (username);
CREATE INDEX registry_user_organization ON registry_user (organization_id, id);
CREATE INDEX registry_user_groups ON registry_user USING gin (group_ids);

-- usable: 2 for submission and renewal, 1 for renewal only, 0 for neither. It depends on the status of the code and of
-- its organization. The association rows repeat it, with the dates, so that the account query reads one index.
CREATE TABLE producer_code (
    id text COLLATE "C" PRIMARY KEY,
    code text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL,
    role_ids text[] COLLATE "C" NOT NULL,
    description text COLLATE "C",
    branch_id text COLLATE "C",
    status text COLLATE "C" NOT NULL,
    appointment_date date,
    termination_date date,
    usable smallint NOT NULL,
    version integer NOT NULL
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX producer_code_string ON producer_code (lower(code));
CREATE INDEX producer_code_order ON producer_code (code);
CREATE INDEX producer_code_organization ON producer_code (organization_id, code);
CREATE INDEX producer_code_usable ON producer_code (code) WHERE usable > 0;

-- The keys of associations begin with the code, so that the rows of a code are found without another index.
CREATE TABLE user_producer_code (
    user_id text COLLATE "C" NOT NULL,
    code_id text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    role_ids text[] COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    usable smallint NOT NULL,
    appointment_date date,
    termination_date date,
    PRIMARY KEY (code_id, user_id)
) WITH (fillfactor = 90);
CREATE INDEX user_producer_code_order ON user_producer_code (user_id, code);
CREATE INDEX user_producer_code_usable ON user_producer_code (user_id, code) WHERE usable > 0;

CREATE TABLE group_producer_code (
    group_id text COLLATE "C" NOT NULL,
    code_id text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    code text COLLATE "C" NOT NULL,
    usable smallint NOT NULL,
    appointment_date date,
    termination_date date,
    PRIMARY KEY (code_id, group_id)
) WITH (fillfactor = 90);
CREATE INDEX group_producer_code_order ON group_producer_code (group_id, code);
CREATE INDEX group_producer_code_usable ON group_producer_code (group_id, code) WHERE usable > 0;

-- Every decided command (within the retention), with the outcome that is returned for a duplicate.
CREATE TABLE inbox (
    source text COLLATE "C" NOT NULL,
    command_id text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    outcome bytea NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (source, command_id, topic)
);

-- Blocks of positions: a batch takes one after it holds its locks, so positions of a subject rise in commit order.
CREATE SEQUENCE outbox_block;

-- A row is a message; migration 0002 replaces this table.
CREATE TABLE outbox (
    position bigint PRIMARY KEY,
    id text COLLATE "C" NOT NULL,
    aggregatetype text COLLATE "C" NOT NULL,
    aggregateid text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    payload bytea,
    shard smallint NOT NULL,
    topic text COLLATE "C" NOT NULL,
    key bytea,
    headers bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_insert_threshold = -1);

-- The offset fence: the next offset to decide, for each partition of a topic id in a cluster.
CREATE TABLE offset_mark (
    cluster_id text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    topic_id text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cluster_id, topic, topic_id, partition)
) WITH (fillfactor = 50);

-- migrate:down
