"""Create the entities that exist before a benchmark, with set-based statements, and ANALYZE the tables."""

import asyncpg

from service.store.inbox import number_senders
from tests.load import people

_DIRECTORY = f"""
INSERT INTO organization (id, display_name, status, domains, insurer, version)
SELECT 'bench-org-' || n, 'Agency ' || n, 'Active', '{{}}'::text[], false, 1
FROM generate_series(0, {people.ORGANIZATIONS - 1}) AS n
UNION ALL SELECT '{people.INSURER}', 'The insurer', 'Active', '{{}}'::text[], true, 1;
INSERT INTO branch (id, branch_code, display_name, version)
SELECT 'bench-branch-' || n, 'B' || n, 'Branch ' || n, 1 FROM generate_series(0, {people.BRANCHES - 1}) AS n;
INSERT INTO role (id, display_name, permissions, version)
SELECT 'bench-role-' || n, 'Role ' || n, '{{}}'::text[], 1 FROM generate_series(0, {people.ROLES - 1}) AS n;
INSERT INTO registry_group (id, type, value, organization_id, product_ids, held_foreign, version)
SELECT 'bench-group-' || n, 'region', to_jsonb('Region ' || n), 'bench-org-' || n % {people.ORGANIZATIONS},
       '{{}}'::text[], 0, 1
FROM generate_series(0, {people.GROUPS - 1}) AS n
UNION ALL
SELECT '{people.BIG_GROUP}', 'division', to_jsonb('Everything'::text), '{people.INSURER}', '{{}}'::text[], 0, 1;
INSERT INTO registry_user (id, name, email, organization_id, external_id, username, group_ids, enabled, external_user,
                           code_secured, held, held_foreign, version)
SELECT 'bench-user-' || n, 'User ' || n, 'user' || n || '@agency.example', 'bench-org-' || n % {people.ORGANIZATIONS},
       NULL, 'bench-user-' || n,
       ARRAY(SELECT 'bench-group-' || ((n / {people.ORGANIZATIONS} + k) % ({people.GROUPS} / {people.ORGANIZATIONS}))
                                      * {people.ORGANIZATIONS} + n % {people.ORGANIZATIONS}
             FROM generate_series(0, 1) AS k ORDER BY 1),
       true, true, true, {people.CODES_OF_USER}, 0, 1
FROM generate_series(0, {people.USERS - 1}) AS n;
"""

# Rows are in order of their number, not of their id, as if they had been created over years.
_CODES = f"""
INSERT INTO producer_code (id, code, organization_id, role_ids, description, branch_id, status, appointment_date,
                           termination_date, usable, version)
SELECT md5('code-' || n)::uuid::text, 100 + n % 900 || '-' || lpad(n::text, 7, '0'),
       'bench-org-' || n % {people.ORGANIZATIONS}, ARRAY['bench-role-' || n % {people.ROLES}], 'Code number ' || n,
       'bench-branch-' || n % {people.BRANCHES}, 'Active', date '2020-01-01' + n % 1000, NULL, 2, 1
FROM generate_series($1::int, $2::int - 1) AS n
"""

_HELD = f"""
INSERT INTO {{table}} ({{owner}}_id, code_id, id, {{roles}} code, usable, appointment_date, termination_date)
SELECT 'bench-{{owner}}-' || owner, c.id, md5('bench-{{owner}}-' || owner || c.id)::uuid, {{role_ids}} c.code, c.usable,
       c.appointment_date, c.termination_date
FROM (
    SELECT DISTINCT o AS owner,
           (o / {people.ORGANIZATIONS} * {{each}} + k) % ($1::int / {people.ORGANIZATIONS}) * {people.ORGANIZATIONS}
           + o % {people.ORGANIZATIONS} AS number
    FROM generate_series(0, $2::int - 1) AS o, generate_series(0, {{each}} - 1) AS k
) AS held JOIN producer_code AS c ON c.id = md5('code-' || held.number)::uuid::text
"""
_USERS_HOLD = _HELD.format(
    table="user_producer_code",
    owner="user",
    each=people.CODES_OF_USER,
    roles="role_ids,",
    role_ids="c.role_ids,",
)
_GROUPS_HOLD = _HELD.format(
    table="group_producer_code",
    owner="group",
    each=people.CODES_OF_GROUP,
    roles="",
    role_ids="",
)

_BIG_GROUP_HOLDS = """
WITH held AS (
    INSERT INTO group_producer_code (group_id, code_id, id, code, usable, appointment_date, termination_date)
    SELECT $2, c.id, md5($2 || c.id)::uuid, c.code, c.usable, c.appointment_date, c.termination_date
    FROM generate_series(0, $1::int - 1) AS n JOIN producer_code AS c ON c.id = md5('code-' || n)::uuid::text
    RETURNING 1
)
UPDATE registry_group SET held_foreign = held_foreign + (SELECT count(*) FROM held) WHERE id = $2
"""

# In order of time, like the ids of a sender with UUIDv7.
_REMEMBERED = r"""
INSERT INTO inbox (decided_at, sender, command_id, outcome)
SELECT now() - make_interval(secs => ($2 - n) / 10000.0), $3,
       '\x01'::bytea || decode(lpad(to_hex(n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
           || substr(md5(n::text), 4, 15), 'hex'),
       '\x010600000001'::bytea || '\x01' || decode(md5('event-' || n), 'hex')
           || '\x01' || decode(md5('code-' || n), 'hex')
FROM generate_series($1::bigint, $2::bigint - 1) AS n
"""

SLICE = 250_000
"""Maximum rows per statement, so that no statement runs for minutes."""


async def lay_down(
    connection: "asyncpg.Connection[asyncpg.Record]",
    codes: int,
    *,
    users: int = people.USERS,
    groups: int = people.GROUPS,
) -> None:
    """Fill an empty, migrated database with `codes` codes, spread over the organizations; 100,000 take seconds.

    Only the first `users` users and `groups` groups hold codes.
    """
    await connection.execute(_DIRECTORY)
    for first in range(0, codes, SLICE):
        await connection.execute(_CODES, first, min(first + SLICE, codes))
    await connection.execute(_USERS_HOLD, codes, users)
    await connection.execute(_GROUPS_HOLD, codes, groups)
    await connection.execute("VACUUM ANALYZE")


async def fill_big_group(connection: "asyncpg.Connection[asyncpg.Record]", codes: int) -> None:
    """Let the big group hold the first `codes` codes."""
    await connection.execute(_BIG_GROUP_HOLDS, codes, people.BIG_GROUP)
    await connection.execute("VACUUM ANALYZE group_producer_code, registry_group")


async def remember(connection: "asyncpg.Connection[asyncpg.Record]", first: int, last: int, topic: str) -> None:
    """Insert ids number `first` to below `last` into the inbox, as if those commands had been decided.

    The index of the key is built at the end: ten million ids then take minutes, not an hour.
    """
    await connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'")
    await connection.execute("ALTER TABLE inbox DROP CONSTRAINT inbox_pkey")
    sender = "/bench/before", topic
    numbers = await number_senders(connection, [sender], {})
    for start in range(first, last, SLICE):
        await connection.execute(_REMEMBERED, start, min(start + SLICE, last), numbers[sender])
    await connection.execute("ALTER TABLE inbox ADD CONSTRAINT inbox_pkey PRIMARY KEY (sender, command_id)")
    await connection.execute("VACUUM ANALYZE inbox")
