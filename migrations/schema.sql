CREATE TABLE public.branch (
    id text NOT NULL COLLATE pg_catalog."C",
    branch_code text NOT NULL COLLATE pg_catalog."C",
    display_name text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL
);

CREATE TABLE public.database_identity (
    singleton boolean DEFAULT true NOT NULL,
    system_identifier bigint NOT NULL,
    timeline bigint NOT NULL,
    database_oid oid NOT NULL,
    epoch integer NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT database_identity_singleton_check CHECK (singleton)
);

CREATE TABLE public.group_producer_code (
    group_id text NOT NULL COLLATE pg_catalog."C",
    code_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    code text NOT NULL COLLATE pg_catalog."C",
    usable smallint NOT NULL,
    appointment_date date,
    termination_date date
)
WITH (fillfactor='90');

CREATE TABLE public.inbox (
    decided_at timestamp with time zone NOT NULL,
    sender bigint NOT NULL,
    command_id bytea NOT NULL,
    outcome bytea NOT NULL
);

CREATE TABLE public.inbox_sender (
    id bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE public.inbox_sender ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.inbox_sender_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.offset_mark (
    cluster_id text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C",
    topic_id text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.organization (
    id text NOT NULL COLLATE pg_catalog."C",
    display_name text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    domains text[] NOT NULL,
    insurer boolean NOT NULL,
    version integer NOT NULL
);

CREATE SEQUENCE public.outbox_block
    START WITH 100000000001
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.outbox_discarded (
    "position" bigint NOT NULL,
    shard smallint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    messages integer NOT NULL,
    raw_bytes integer NOT NULL,
    held_at timestamp with time zone NOT NULL,
    discarded_at timestamp with time zone DEFAULT now() NOT NULL,
    discarded_by text NOT NULL COLLATE pg_catalog."C",
    value bytea NOT NULL
);
ALTER TABLE ONLY public.outbox_discarded ALTER COLUMN value SET STORAGE EXTERNAL;

CREATE TABLE public.outbox_frame (
    "position" bigint NOT NULL,
    shard smallint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    messages integer NOT NULL,
    raw_bytes integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    value bytea NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.0', autovacuum_vacuum_threshold='2000', autovacuum_vacuum_insert_threshold='-1', vacuum_truncate=off, toast.autovacuum_vacuum_scale_factor='0.0', toast.autovacuum_vacuum_threshold='20000', toast.autovacuum_vacuum_insert_threshold='-1', toast.vacuum_truncate=off);
ALTER TABLE ONLY public.outbox_frame ALTER COLUMN value SET STORAGE EXTERNAL;

CREATE TABLE public.outbox_held (
    "position" bigint NOT NULL,
    shard smallint NOT NULL,
    topic text NOT NULL COLLATE pg_catalog."C",
    scope text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    messages integer NOT NULL,
    raw_bytes integer NOT NULL,
    held_at timestamp with time zone DEFAULT now() NOT NULL,
    value bytea NOT NULL,
    CONSTRAINT outbox_held_scope_check CHECK ((scope = ANY (ARRAY['topic'::text, 'key'::text])))
)
WITH (vacuum_truncate=off, toast.vacuum_truncate=off);
ALTER TABLE ONLY public.outbox_held ALTER COLUMN value SET STORAGE EXTERNAL;

CREATE TABLE public.producer_code (
    id text NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    organization_id text NOT NULL COLLATE pg_catalog."C",
    role_ids text[] NOT NULL COLLATE pg_catalog."C",
    description text COLLATE pg_catalog."C",
    branch_id text COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    appointment_date date,
    termination_date date,
    usable smallint NOT NULL,
    version integer NOT NULL
)
WITH (fillfactor='90');

CREATE TABLE public.product (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    institution_id text NOT NULL COLLATE pg_catalog."C",
    product_line text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL
);

CREATE TABLE public.registry_group (
    id text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    value jsonb NOT NULL,
    organization_id text NOT NULL COLLATE pg_catalog."C",
    product_ids text[] NOT NULL COLLATE pg_catalog."C",
    held_foreign integer NOT NULL,
    version integer NOT NULL
)
WITH (fillfactor='90');

CREATE TABLE public.registry_user (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    email text NOT NULL COLLATE pg_catalog."C",
    organization_id text NOT NULL COLLATE pg_catalog."C",
    external_id text COLLATE pg_catalog."C",
    username text COLLATE pg_catalog."C",
    group_ids text[] NOT NULL COLLATE pg_catalog."C",
    enabled boolean NOT NULL,
    external_user boolean NOT NULL,
    code_secured boolean NOT NULL,
    held integer NOT NULL,
    held_foreign integer NOT NULL,
    version integer NOT NULL
)
WITH (fillfactor='90');

CREATE TABLE public.role (
    id text NOT NULL COLLATE pg_catalog."C",
    display_name text NOT NULL COLLATE pg_catalog."C",
    permissions text[] NOT NULL,
    version integer NOT NULL
);

CREATE TABLE public.user_producer_code (
    user_id text NOT NULL COLLATE pg_catalog."C",
    code_id text NOT NULL COLLATE pg_catalog."C",
    id uuid NOT NULL,
    role_ids text[] NOT NULL COLLATE pg_catalog."C",
    code text NOT NULL COLLATE pg_catalog."C",
    usable smallint NOT NULL,
    appointment_date date,
    termination_date date
)
WITH (fillfactor='90');

CREATE TABLE public.waiting_command (
    id bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    reference_kind text COLLATE pg_catalog."C",
    reference_id text COLLATE pg_catalog."C",
    received_at timestamp with time zone NOT NULL,
    deadline timestamp with time zone NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    command_id text NOT NULL COLLATE pg_catalog."C",
    topic text NOT NULL COLLATE pg_catalog."C",
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    key bytea,
    value bytea NOT NULL,
    header_names bytea[] NOT NULL,
    header_values bytea[] NOT NULL
);

ALTER TABLE public.waiting_command ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.waiting_command_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.branch
    ADD CONSTRAINT branch_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.database_identity
    ADD CONSTRAINT database_identity_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY public.group_producer_code
    ADD CONSTRAINT group_producer_code_pkey PRIMARY KEY (code_id, group_id);

ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (sender, command_id);

ALTER TABLE ONLY public.inbox_sender
    ADD CONSTRAINT inbox_sender_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.inbox_sender
    ADD CONSTRAINT inbox_sender_source_topic_key UNIQUE (source, topic);

ALTER TABLE ONLY public.offset_mark
    ADD CONSTRAINT offset_mark_pkey PRIMARY KEY (cluster_id, topic, topic_id, partition, next_offset);

ALTER TABLE ONLY public.organization
    ADD CONSTRAINT organization_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.outbox_discarded
    ADD CONSTRAINT outbox_discarded_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.outbox_frame
    ADD CONSTRAINT outbox_frame_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.outbox_held
    ADD CONSTRAINT outbox_held_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.producer_code
    ADD CONSTRAINT producer_code_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.registry_group
    ADD CONSTRAINT registry_group_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.registry_user
    ADD CONSTRAINT registry_user_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.role
    ADD CONSTRAINT role_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_producer_code
    ADD CONSTRAINT user_producer_code_pkey PRIMARY KEY (code_id, user_id);

ALTER TABLE ONLY public.waiting_command
    ADD CONSTRAINT waiting_command_pkey PRIMARY KEY (id);

CREATE INDEX group_producer_code_order ON public.group_producer_code USING btree (group_id, code);

CREATE INDEX group_producer_code_usable ON public.group_producer_code USING btree (group_id, code) WHERE (usable > 0);

CREATE INDEX outbox_held_order ON public.outbox_held USING btree (shard, topic, "position");

CREATE INDEX producer_code_order ON public.producer_code USING btree (code);

CREATE INDEX producer_code_organization ON public.producer_code USING btree (organization_id, code);

CREATE UNIQUE INDEX producer_code_string ON public.producer_code USING btree (lower(code));

CREATE INDEX producer_code_usable ON public.producer_code USING btree (code) WHERE (usable > 0);

CREATE INDEX registry_group_foreign ON public.registry_group USING btree (organization_id) WHERE (held_foreign > 0);

CREATE INDEX registry_group_organization ON public.registry_group USING btree (organization_id, id);

CREATE INDEX registry_group_type ON public.registry_group USING btree (type, id);

CREATE INDEX registry_user_groups ON public.registry_user USING gin (group_ids);

CREATE INDEX registry_user_organization ON public.registry_user USING btree (organization_id, id);

CREATE UNIQUE INDEX registry_user_username ON public.registry_user USING btree (username);

CREATE INDEX user_producer_code_order ON public.user_producer_code USING btree (user_id, code);

CREATE INDEX user_producer_code_usable ON public.user_producer_code USING btree (user_id, code) WHERE (usable > 0);

CREATE INDEX waiting_command_deadline ON public.waiting_command USING btree (deadline);

CREATE INDEX waiting_command_identity ON public.waiting_command USING btree (source, command_id, topic);

CREATE INDEX waiting_command_reference ON public.waiting_command USING btree (reference_kind, reference_id) WHERE (reference_kind IS NOT NULL);

CREATE INDEX waiting_command_subject ON public.waiting_command USING btree (kind, subject, id);

