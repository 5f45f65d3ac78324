"""Decide a batch of commands in order; each decision sees the changes of the previous ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, assert_never

from service.core import association, group, organization, producer_code, reference, user
from service.core.command import Command, DecidableBody, Invalid
from service.core.decision import Decision, Repeat
from service.core.event import Event
from service.core.group import AddGroupCode, CreateGroup, GrantProduct, RemoveGroupCode, RevokeProduct, UpdateGroup
from service.core.needs import Needs, needs
from service.core.organization import Organization, PutOrganization
from service.core.problem import Problem, Problems, first_problems
from service.core.producer_code import CreateCode, ProducerCode, UpdateCode
from service.core.reference import Branch, Product, PutBranch, PutProduct, PutRole, Role
from service.core.user import AddUserCode, CreateUser, JoinGroup, LeaveGroup, RemoveUserCode, UpdateUser, User
from service.core.world import World, evolve

__all__ = ["Needs", "World", "decide", "decide_batch", "evolve", "needs", "outcome"]

State: TypeAlias = Organization | Branch | Role | Product | group.Group | User | ProducerCode
Outcome: TypeAlias = Event | Problems | None

# The subject of these commands may not exist yet.
_CREATING = (PutOrganization, PutBranch, PutRole, PutProduct, CreateGroup, CreateUser, CreateCode)


def decide_batch(commands: Sequence[Command], world: World) -> tuple[list[Decision | Repeat], World]:
    """Decide the commands in order; return one answer for each command, and the world after the batch.

    The given world does not change. A duplicate of an earlier command of the batch (same topic, source and id,
    whatever its body) is a Repeat.
    """
    after = world.copy()
    answers: list[Decision | Repeat] = []
    first_index: dict[tuple[str, str, str], int] = {}
    for index, command in enumerate(commands):
        first = first_index.setdefault((command.topic, command.source, command.id), index)
        if first != index:
            answers.append(Repeat(first))
            continue
        decision = decide(command, after)
        if decision.event is not None:
            evolve(after, decision.event)
        answers.append(decision)
    return answers, after


def decide(command: Command, world: World) -> Decision:
    """Decide one command against the world, without changing it."""
    state = _subject(command, world)
    body = command.body
    version = None if state is None else state.version
    if isinstance(body, Invalid):
        return _rejected(version, body.problems, body.more)
    expected = command.expected_version
    if expected is not None and expected != (version or 0) and (state is not None or isinstance(body, _CREATING)):
        return _rejected(version, (_version_conflict(expected, version),))
    result = outcome(body, command.subject, world)
    if result is None:
        return Decision("unchanged", version, None, ())
    if isinstance(result, tuple):
        return _rejected(version, result)
    return Decision("accepted", (version or 0) + 1, result, ())


def _rejected(version: int | None, problems: Problems, more: int = 0) -> Decision:
    first, others = first_problems(problems)
    return Decision("rejected", version, None, first, more + others)


def _version_conflict(expected: int, version: int | None) -> Problem:
    actual = "the subject does not exist" if version is None else f"the current version is {version}"
    return Problem("version-conflict", f"Version {expected} was expected, but {actual}.", "expectedversion")


def _subject(command: Command, world: World) -> State | None:
    states: Mapping[str, State]
    match command.type.partition(".")[0]:
        case "producer-code":
            states = world.codes
        case "user":
            states = world.users
        case "group":
            states = world.groups
        case "organization":
            states = world.organizations
        case "branch":
            states = world.branches
        case "role":
            states = world.roles
        case "product":
            states = world.products
        case _:
            return None
    return states.get(command.subject)


def outcome(body: DecidableBody, subject: str, world: World) -> Outcome:
    """Return the event of a command, all its problems, or None when nothing changes."""
    match body:
        case CreateCode() | UpdateCode():
            return producer_code.decide(
                body,
                subject,
                world.codes.get(subject),
                organizations=world.organizations,
                branches=world.branches,
                roles=world.roles,
                code_ids=world.code_ids,
            )
        case AddUserCode() | RemoveUserCode():
            return association.decide_user(
                body,
                subject,
                world.users.get(subject),
                codes=world.codes,
                roles=world.roles,
                associations=world.user_associations,
            )
        case AddGroupCode() | RemoveGroupCode():
            return association.decide_group(
                body,
                subject,
                world.groups.get(subject),
                codes=world.codes,
                organizations=world.organizations,
                associations=world.group_associations,
            )
        case CreateUser() | UpdateUser() | JoinGroup() | LeaveGroup():
            return user.decide(
                body,
                subject,
                world.users.get(subject),
                organizations=world.organizations,
                groups=world.groups,
                usernames=world.usernames,
            )
        case CreateGroup() | UpdateGroup() | GrantProduct() | RevokeProduct():
            state = world.groups.get(subject)
            return group.decide(body, subject, state, world.organizations, world.products)
        case PutOrganization():
            return organization.decide(body, subject, world.organizations.get(subject), world.groups.values())
        case PutBranch():
            return reference.decide_branch(body, subject, world.branches.get(subject))
        case PutRole():
            return reference.decide_role(body, subject, world.roles.get(subject))
        case PutProduct():
            return reference.decide_product(body, subject, world.products.get(subject))
        case _:
            assert_never(body)
