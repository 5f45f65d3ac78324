"""Given / when / then for decisions: the initial world, a command and its result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from service.core.batch import World, decide_batch
from service.core.command import Body, Command
from service.core.decision import Decision
from service.core.event import Event
from service.core.group import AddGroupCode, CreateGroup, GrantProduct, RemoveGroupCode, RevokeProduct, UpdateGroup
from service.core.organization import PutOrganization
from service.core.producer_code import CreateCode, UpdateCode
from service.core.reference import PutBranch, PutProduct, PutRole
from service.core.user import AddUserCode, CreateUser, JoinGroup, LeaveGroup, RemoveUserCode, UpdateUser

TYPES: Final[dict[type, str]] = {
    PutOrganization: "organization.put",
    PutBranch: "branch.put",
    PutRole: "role.put",
    PutProduct: "product.put",
    CreateGroup: "group.create",
    UpdateGroup: "group.update",
    GrantProduct: "group.grant-product",
    RevokeProduct: "group.revoke-product",
    AddGroupCode: "group.add-producer-code",
    RemoveGroupCode: "group.remove-producer-code",
    CreateUser: "user.create",
    UpdateUser: "user.update",
    JoinGroup: "user.join-group",
    LeaveGroup: "user.leave-group",
    AddUserCode: "user.add-producer-code",
    RemoveUserCode: "user.remove-producer-code",
    CreateCode: "producer-code.create",
    UpdateCode: "producer-code.update",
}


def make_command(subject: str, body: Body, expected: int | None = None, *, type_: str = "", id_: str = "") -> Command:
    """Return a command; its default id differs for every type, subject and body."""
    type_name = type_ or TYPES[type(body)]
    return Command("commands", "/tests", id_ or f"{type_name} {subject} {body}", type_name, subject, expected, body)


@dataclass(frozen=True)
class When:
    """A command on a world; the `then…` methods check its result."""

    world: World
    command: Command

    def decision(self) -> tuple[Decision, World]:
        """Decide the command; return the decision and the world after it."""
        (decision,), after = decide_batch([self.command], self.world)
        assert isinstance(decision, Decision)
        return decision, after

    def then(self, event: Event, *, version: int | None = None) -> World:
        """Expect this event, and that the same command is unchanged afterwards; return the world after it."""
        decision, after = self.decision()
        assert decision.problems == ()
        assert (decision.status, decision.event) == ("accepted", event)
        if version is not None:
            assert decision.version == version
        again = When(after, replace(self.command, id="again", expected_version=None))
        again.then_nothing(version=decision.version)
        return after

    def then_nothing(self, *, version: int | None) -> None:
        """Expect that the command is unchanged, at this version."""
        decision, after = self.decision()
        assert decision == Decision("unchanged", version, None, ())
        assert after == self.world

    def then_rejected(self, *problems: tuple[str, str], version: int | None) -> None:
        """Expect exactly these problems (code and path), in this order."""
        decision, after = self.decision()
        assert [(problem.code, problem.path) for problem in decision.problems] == list(problems)
        assert (decision.status, decision.version, decision.event) == ("rejected", version, None)
        assert all(problem.message for problem in decision.problems)
        assert after == self.world


@dataclass(frozen=True)
class Given:
    """The initial world; `when` adds a command."""

    world: World

    def when(self, subject: str, body: Body, expected: int | None = None) -> When:
        """Return the command on this world."""
        return When(self.world, make_command(subject, body, expected))


def given(*commands: Command, world: World | None = None) -> Given:
    """Return the world after these commands, which must all be accepted, applied to an initial world."""
    decisions, after = decide_batch(commands, World() if world is None else world)
    for command, decision in zip(commands, decisions, strict=True):
        assert isinstance(decision, Decision)
        assert decision.status == "accepted", f"{command} must be accepted: {decision}"
    return Given(after)
