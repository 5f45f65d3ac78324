"""Check that the HTTP answers at the end equal the model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from service.contract.aggregate import STATES
from service.core.association import effective_roles
from service.core.group import Address
from service.core.producer_code import ProducerCode
from service.core.user import User
from service.core.world import World
from tests.support.checker.evidence import Violation
from tests.support.checker.model import Model

Json = dict[str, Any]

# Attributes that HTTP shows as events do.
_USER = ("name", "email", "external_id", "enabled", *(a.name for a in STATES[User].attributes if a.http))
_CODE = ("code", "description", *(a.name for a in STATES[ProducerCode].attributes if a.http))


@dataclass(slots=True)
class HttpAnswers:
    """Unchanged HTTP answers: groups, producers and codes by id, associations by owner."""

    groups: dict[str, Json] = field(default_factory=dict)
    producers: dict[str, Json] = field(default_factory=dict)
    codes: dict[str, Json] = field(default_factory=dict)
    users: dict[str, list[Json]] = field(default_factory=dict)
    holders: dict[str, list[Json]] = field(default_factory=dict)


def check_observed(observed: HttpAnswers, model: Model) -> Iterator[Violation]:
    """Compare the HTTP answers with the model, one violation per resource."""
    world = model.world
    yield from _differences("group", {id_: _group(group) for id_, group in observed.groups.items()}, _groups(world))
    producers = {id_: _producer(producer) for id_, producer in observed.producers.items()}
    yield from _differences("producer", producers, _producers(world))
    yield from _differences("code", {id_: _code(code) for id_, code in observed.codes.items()}, _codes(world))
    users = {
        id_: {held["producerCode"]["id"]: _ids(held["roles"]) for held in of} for id_, of in observed.users.items()
    }
    yield from _differences("codes of user", users, _held_by_users(world))
    holders = {id_: {held["producerCode"]["id"] for held in of} for id_, of in observed.holders.items()}
    yield from _differences("codes of group", holders, _held_by_groups(world))


def _differences(kind: str, actual: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Violation]:
    for id_ in sorted(actual.keys() | expected.keys()):
        if actual.get(id_) != expected.get(id_):
            yield Violation("HTTP", f"{kind} {id_}: {actual.get(id_)}; by the model: {expected.get(id_)}")


def _ids(references: list[Json] | None) -> list[str]:
    return sorted(reference["id"] for reference in references or ())


def _group(group: Json) -> Json:
    value = group["value"]
    return {
        "type": group["type"],
        "value": _set_fields(value) if isinstance(value, dict) else value,
        "organization": group["distributor_id"],
        "products": _ids(group["products"]),
        "users": _ids(group["producers"]),
    }


def _set_fields(address: Json) -> Json:
    return {name: part for name, part in address.items() if part is not None}


def _groups(world: World) -> dict[str, Json]:
    users: dict[str, list[str]] = {}
    for user in world.users.values():
        for group_id in user.group_ids:
            users.setdefault(group_id, []).append(user.id)
    return {
        id_: {
            "type": group.type,
            "value": _set_fields(asdict(group.value)) if isinstance(group.value, Address) else group.value,
            "organization": group.organization_id,
            "products": list(group.product_ids),
            "users": sorted(users.get(id_, ())),
        }
        for id_, group in world.groups.items()
    }


def _producer(producer: Json) -> Json:
    return {
        **{name: producer.get(name) for name in _USER},
        "organization": {"id": producer["distributor"]["id"]},
        "groups": sorted(producer["groups"] or ()),
    }


def _producers(world: World) -> dict[str, Json]:
    return {id_: _of(user, (*_USER, "organization", "groups")) for id_, user in world.users.items()}


def _code(code: Json) -> Json:
    """Return the attributes of a code as events have them: references with their ids only, all attributes present."""
    status, branch = code["producerStatus"]["code"], code.get("branch")
    return {
        **{name: code.get(name) for name in _CODE},
        "organization": {"id": code["organization"]["id"]},
        "roles": [{"id": id_} for id_ in _ids(code["roles"])],
        "branch": None if branch is None else {"id": branch["id"]},
        "producerStatus": {"code": status, "name": status},
    }


def _codes(world: World) -> dict[str, Json]:
    names = (*_CODE, "organization", "roles", "branch", "producerStatus")
    return {id_: _of(code, names) for id_, code in world.codes.items()}


def _of(state: User | ProducerCode, names: Sequence[str]) -> Json:
    written = STATES[type(state)].write(state)
    return {name: written[name] for name in names}


def _held_by_users(world: World) -> dict[str, dict[str, list[str]]]:
    held: dict[str, dict[str, list[str]]] = {id_: {} for id_ in world.users}
    for association in world.user_associations.values():
        code = world.codes[association.code_id]
        held[association.user_id][code.id] = list(effective_roles(association, code))
    return held


def _held_by_groups(world: World) -> dict[str, set[str]]:
    held: dict[str, set[str]] = {id_: set() for id_ in world.groups}
    for association in world.group_associations.values():
        held[association.group_id].add(association.code_id)
    return held
