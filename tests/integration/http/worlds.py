"""Generated worlds: small registries with many edge cases; unique prefixes let many share one database."""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from random import Random

from service.core.availability import Available, Candidate, available, usability
from service.core.user import User
from service.core.world import World
from tests.integration.http import seeds
from tests.support.states import new_group, new_role

ROLE = new_role(seeds.PRODUCER, "Producer")
_STATUSES = ("Active",) * 8 + ("Limited",) * 3 + ("Suspended", "Terminating", "Terminated")
_DAY = date(2026, 11, 22)
_CODES = (*range(9), 60)
"""The possible numbers of codes in a world; with 60, a caller has about one default page."""


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """A query of a caller: `visible` are the externally visible code strings, `offset` and `size` define the page."""

    subject: str
    use: str
    on: date
    visible: tuple[str, ...]
    offset: int
    size: int


def world(prefix: str, chance: Random) -> World:
    """Return a world in which all ids start with the prefix."""
    organizations = seeds.by_id(
        *(seeds.organization(f"{prefix}o{n}", "O", status=chance.choice(_STATUSES)) for n in range(2))
    )
    owners = sorted(organizations)
    codes = seeds.by_id(
        *(
            seeds.code(
                f"{prefix}c{n}",
                f"{chance.choice('aAbB9')}{prefix}{chance.choice('xX')}{n}",
                chance.choice(owners),
                status=chance.choice(_STATUSES),
                appointment_date=_near(chance),
                termination_date=_near(chance),
            )
            for n in range(chance.choice(_CODES))
        )
    )
    groups = seeds.by_id(
        *(new_group(f"{prefix}g{n}", "region", "G", chance.choice(owners)) for n in range(chance.randrange(4)))
    )
    users = seeds.by_id(*(_user(f"{prefix}u{n}", prefix, owners, sorted(groups), chance) for n in range(3)))
    held = [seeds.user_holds(u, c) for u in users for c in codes if users[u].code_secured and chance.random() < 0.5]
    shared = [seeds.group_holds(g, c) for g in groups for c in codes if chance.random() < 0.4]
    return World(
        organizations=organizations,
        roles={ROLE.id: ROLE},
        groups=groups,
        users=users,
        codes=codes,
        user_associations={key: state for one in held for key, state in one.items()},
        group_associations={key: state for one in shared for key, state in one.items()},
    )


def account_query(prefix: str, of: World, chance: Random) -> AccountQuery:
    """Return a query of a known or unknown caller."""
    subjects = [f"{prefix}u{n}" for n in range(4)] + [f"{prefix}name{n}" for n in range(2)]
    strings = [chance.choice([code.code.lower(), code.code.upper()]) for code in of.codes.values()]
    visible = [string for string in strings if chance.random() < 0.4]
    return AccountQuery(
        chance.choice(subjects),
        chance.choice(["submission", "renewal"]),
        _DAY + timedelta(days=chance.randrange(-2, 3)),
        (*visible, f"{prefix}missing"),
        chance.choice([0, 0, 0, 1, 2]),
        chance.choice([1, 2, 100]),
    )


def expected_codes(of: World, query: AccountQuery) -> Available:
    """Return the result of the rule in the core."""
    user = caller(of, query.subject)
    owners = () if user is None else (user.id, *user.group_ids)
    held = {code for owner, code in (*of.user_associations, *of.group_associations) if owner in owners}
    candidates = [
        Candidate(
            code.id,
            code.code,
            usability(code.status, of.organizations[code.organization_id].status),
            code.appointment_date,
            code.termination_date,
        )
        for code in of.codes.values()
    ]
    return available(user, candidates, held=held, visible=query.visible, use=query.use, on_date=query.on.isoformat())


def merged(parts: list[World]) -> World:
    """Return the union of several worlds."""
    return World(**{f.name: {k: s for part in parts for k, s in getattr(part, f.name).items()} for f in fields(World)})


def caller(of: World, subject: str) -> User | None:
    """Return the user with a token's subject as username or id."""
    named = [user for user in of.users.values() if user.username == subject]
    return named[0] if named else of.users.get(subject)


def _user(id_: str, prefix: str, owners: list[str], groups: list[str], chance: Random) -> User:
    # A username may be the id of another user: the user with this username takes precedence.
    names: dict[int, list[str | None]] = {
        0: [None, f"{prefix}name0", f"{prefix}u1"],
        1: [None, f"{prefix}name1", f"{prefix}u2"],
        2: [None],
    }
    return seeds.user(
        id_,
        "U",
        chance.choice(owners),
        username=chance.choice(names[int(id_[-1])]),
        group_ids=tuple(group for group in groups if chance.random() < 0.5),
        enabled=chance.random() < 0.85,
        code_secured=chance.random() < 0.75,
    )


def _near(chance: Random) -> str | None:
    if chance.random() < 0.6:
        return None
    return (_DAY + timedelta(days=chance.randrange(-3, 4))).isoformat()
