"""HTTP answers are compared with the model."""

from dataclasses import asdict

import pytest

from service.contract.aggregate import STATES
from service.contract.topics import Topics
from service.core.association import effective_roles
from service.core.group import Address
from service.core.producer_code import ProducerCode
from service.core.user import User
from service.core.world import World
from tests.support.checker.model import Model, replay
from tests.support.checker.observed import HttpAnswers, check_observed
from tests.unit.chaos.perfect import history, perfect

TOPICS = Topics("observed")
_SHOWN = {kind.state: [a.name for a in kind.attributes if a.http] for kind in STATES.values()}


@pytest.fixture
def model() -> Model:
    """The model of a history."""
    return replay(perfect(history(3, TOPICS, commands=400), TOPICS))


def faithful(world: World) -> HttpAnswers:
    """Return the answers of a service without faults for this state, in the format of its API."""
    users = {user.id: list(user.group_ids) for user in world.users.values()}
    observed = HttpAnswers()
    for group in world.groups.values():
        observed.groups[group.id] = {
            "id": group.id,
            "type": group.type,
            "value": asdict(group.value) if isinstance(group.value, Address) else group.value,
            "distributor_id": group.organization_id,
            "products": [{"id": id_} for id_ in group.product_ids] or None,
            "producers": [{"id": id_} for id_, groups in users.items() if group.id in groups] or None,
        }
        observed.holders[group.id] = []
    for user in world.users.values():
        state = STATES[User].write(user)
        shown = {
            name: state[name] for name in ("id", "name", "email", "external_id", "enabled", "groups", *_SHOWN[User])
        }
        shown["distributor"] = {"id": user.organization_id}
        observed.producers[user.id] = {name: value for name, value in shown.items() if value is not None}
        observed.users[user.id] = []
    for code in world.codes.values():
        state = STATES[ProducerCode].write(code)
        names = ("code", "description", "organization", "roles", "branch", "producerStatus", *_SHOWN[ProducerCode])
        observed.codes[code.id] = {name: state[name] for name in names if state[name] is not None}
    for held in world.user_associations.values():
        roles = effective_roles(held, world.codes[held.code_id])
        reported = {"producerCode": {"id": held.code_id}, "roles": [{"id": role} for role in roles]}
        observed.users[held.user_id].append(reported)
    for shared in world.group_associations.values():
        observed.holders[shared.group_id].append({"producerCode": {"id": shared.code_id}})
    return observed


def test_correct_answers_have_no_violation(model: Model) -> None:
    assert model.world.user_associations
    assert model.world.group_associations
    assert not list(check_observed(faithful(model.world), model))


def test_each_wrong_answer_is_found(model: Model) -> None:
    observed = faithful(model.world)
    observed.groups.popitem()
    next(iter(observed.producers.values()))["enabled"] = None
    next(iter(observed.codes.values()))["producerStatus"] = {"code": "Other"}
    next(of for of in observed.users.values() if of).clear()
    next(of for of in observed.holders.values() if of).clear()
    kinds = [violation.description.split(" ")[:3] for violation in check_observed(observed, model)]
    assert [kind[0] for kind in kinds] == ["group", "producer", "code", "codes", "codes"]
