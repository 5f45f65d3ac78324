"""Decisions in a batch: versions, duplicates, and commands that see the changes of previous ones."""

from dataclasses import replace

import pytest

from service.core.batch import World, decide_batch
from service.core.command import Body, Command, Invalid
from service.core.decision import Decision, Problem, Repeat
from service.core.group import AddGroupCode, CreateGroup, GrantProduct, UpdateGroup
from service.core.organization import PutOrganization
from service.core.problem import MAX_ERRORS
from service.core.producer_code import CreateCode, UpdateCode
from service.core.reference import PutBranch
from service.core.user import AddUserCode, CreateUser, JoinGroup, UpdateUser
from tests.unit.core.seed import DIRECTORY, REGISTRY, SPRING_STREET
from tests.unit.core.specification import make_command


def answers(commands: list[Command], world: World) -> list[str]:
    """Decide a batch; return each answer as its status, or as the code of its first problem."""
    decisions, _ = decide_batch(commands, world)
    return [
        f"repeat {decision.first}"
        if isinstance(decision, Repeat)
        else decision.problems[0].code
        if decision.problems
        else decision.status
        for decision in decisions
    ]


@pytest.mark.parametrize("expected", [0, 2, 9])
@pytest.mark.parametrize(
    "body",
    [
        CreateGroup("office", SPRING_STREET, "pc:1"),
        CreateGroup("region", "West", "nobody"),
        UpdateGroup("office", SPRING_STREET),
        UpdateGroup("region", "West", "pc:4"),
        GrantProduct("prd_1"),
        AddGroupCode("nothing"),
    ],
)
def test_a_wrong_version_is_reported_before_other_problems(body: Body, expected: int) -> None:
    REGISTRY.when("office", body, expected).then_rejected(("version-conflict", "expectedversion"), version=1)


@pytest.mark.parametrize("body", [UpdateGroup("region", "West"), GrantProduct("prd_9"), AddGroupCode("pc:6")])
@pytest.mark.parametrize("expected", [0, 1])
def test_not_found_is_reported_before_a_wrong_version(body: Body, expected: int) -> None:
    REGISTRY.when("nowhere", body, expected).then_rejected(("not-found", "subject"), version=None)


@pytest.mark.parametrize(
    "body",
    [PutBranch("1", "One"), CreateGroup("region", "West", "pc:1"), CreateUser("Bob", "bob@example.com", "pc:1")],
)
def test_version_0_expects_that_the_subject_does_not_exist(body: Body) -> None:
    decision, _ = REGISTRY.when("new", body, 0).decision()
    assert (decision.status, decision.version) == ("accepted", 1)

    REGISTRY.when("new", body, 1).then_rejected(("version-conflict", "expectedversion"), version=None)


def test_a_command_with_the_expected_version_is_accepted() -> None:
    REGISTRY.when("office", UpdateGroup("office", SPRING_STREET), 1).then_nothing(version=1)
    REGISTRY.when("office", CreateGroup("office", SPRING_STREET, "pc:1"), 1).then_nothing(version=1)
    decision, _ = REGISTRY.when("office", UpdateGroup("region", "West"), 1).decision()
    assert (decision.status, decision.version) == ("accepted", 2)


@pytest.mark.parametrize(
    ("type_", "subject", "version"),
    [
        ("group.create", "office", 1),
        ("producer-code.update", "pc:6", 1),
        ("user.join-group", "ann", 1),
        ("organization.put", "pc:1", 1),
        ("branch.put", "branch-501", 1),
        ("role.put", "producer", 1),
        ("product.put", "prd_1", 1),
        ("group.update", "nowhere", None),
        ("user.update", "", None),
        ("unheard.of", "office", None),
    ],
)
def test_an_invalid_command_is_rejected_with_the_current_version(type_: str, subject: str, version: int | None) -> None:
    late, early = Problem("wrong-topic", "Not here.", "type"), Problem("invalid", "No.", "/name")
    command = make_command(subject, Invalid((late, early)), 9, type_=type_)

    decisions, after = decide_batch([command], REGISTRY.world)

    assert decisions == [Decision("rejected", version, None, (early, late))]
    assert after == REGISTRY.world


def test_a_rejection_has_the_first_problems_by_path_and_the_number_of_the_others() -> None:
    groups = tuple(f"nowhere-{number}" for number in range(1_000))
    body = CreateUser("Bob", "bob@example.com", "nobody", group_ids=groups)
    [decision], _ = decide_batch([make_command("bob", body)], REGISTRY.world)

    assert isinstance(decision, Decision)
    # Paths are compared as text.
    first = sorted(f"/groups/{number}" for number in range(1_000))[:MAX_ERRORS]
    assert [problem.path for problem in decision.problems] == first
    assert [problem.message for problem in decision.problems[:2]] == [
        "There is no group nowhere-0.",
        "There is no group nowhere-1.",
    ]
    assert decision.more == 1_000 + 1 - MAX_ERRORS, "the other groups and the organization"


@pytest.mark.parametrize(("count", "more"), [(MAX_ERRORS, 0), (MAX_ERRORS + 1, 1)])
def test_nothing_is_left_out_up_to_the_limit(count: int, more: int) -> None:
    body = UpdateCode({"role_ids": tuple(f"nothing-{number}" for number in range(count))})
    [decision], _ = decide_batch([make_command("pc:6", body)], REGISTRY.world)

    assert isinstance(decision, Decision)
    assert (len(decision.problems), decision.more) == (MAX_ERRORS, more)


def test_problems_that_were_left_out_of_an_invalid_command_are_counted() -> None:
    problems = tuple(Problem("invalid", "No.", f"/{number}") for number in range(MAX_ERRORS + 2))
    [decision], _ = decide_batch([make_command("ann", Invalid(problems, 5), type_="user.update")], REGISTRY.world)

    assert isinstance(decision, Decision)
    assert (len(decision.problems), decision.more) == (MAX_ERRORS, 7)


def test_a_duplicate_refers_to_the_first_command_whatever_its_body() -> None:
    first = make_command("x", PutBranch("1", "One"), id_="a")
    commands = [first, first, replace(first, body=PutBranch("2", "Two")), replace(first, body=Invalid(()))]

    assert answers(commands, World()) == ["accepted", "repeat 0", "repeat 0", "repeat 0"]


def test_the_same_id_of_another_source_or_topic_is_not_a_duplicate() -> None:
    first = make_command("x", PutBranch("1", "One"), id_="a")

    assert answers([first, replace(first, source="/other"), replace(first, topic="other")], World()) == [
        "accepted",
        "unchanged",
        "unchanged",
    ]


def test_a_duplicate_of_a_rejected_command_refers_to_it_as_well() -> None:
    command = make_command("x", JoinGroup("office"))

    assert answers([command, command], REGISTRY.world) == ["not-found", "repeat 0"]


def test_each_command_sees_the_changes_of_previous_ones() -> None:
    batch = [
        make_command("g", AddGroupCode("c")),
        make_command("g", CreateGroup("region", "West", "pc:1")),
        make_command("g", AddGroupCode("c"), id_="2"),
        make_command("c", CreateCode("100-1", "pc:1", ("producer",))),
        make_command("g", AddGroupCode("c"), 1, id_="3"),
        make_command("u", CreateUser("Uwe", "uwe@example.com", "pc:1", group_ids=("g",))),
        make_command("u", AddUserCode("c")),
        make_command("u", UpdateUser({"code_secured": False})),
    ]

    assert answers(batch, DIRECTORY.world) == [
        "not-found",
        "accepted",
        "reference-not-found",
        "accepted",
        "accepted",
        "accepted",
        "accepted",
        "not-code-secured",
    ]


def test_a_code_string_is_taken_within_the_batch() -> None:
    batch = [
        make_command("a", CreateCode("AI-50701", "nobody", ("producer",))),
        make_command("b", CreateCode("AI-50701", "pc:1", ("producer",))),
        make_command("c", CreateCode("ai-50701", "pc:1", ("producer",))),
    ]

    assert answers(batch, DIRECTORY.world) == ["reference-not-found", "accepted", "code-taken"]


def test_a_username_is_taken_and_freed_within_the_batch() -> None:
    batch = [
        make_command("a", CreateUser("A", "a@example.com", "pc:1", username="x")),
        make_command("b", CreateUser("B", "b@example.com", "pc:1", username="x")),
        make_command("a", UpdateUser({"username": "y"})),
        make_command("b", CreateUser("B", "b@example.com", "pc:1", username="x"), id_="2"),
        make_command("a", UpdateUser({"username": "x"})),
        make_command("b", UpdateUser({"username": None})),
        make_command("a", UpdateUser({"username": "x"}), id_="3"),
    ]

    assert answers(batch, DIRECTORY.world) == [
        "accepted",
        "already-exists",
        "accepted",
        "accepted",
        "already-exists",
        "accepted",
        "accepted",
    ]


def test_the_roles_of_an_association_follow_the_code_within_the_batch() -> None:
    batch = [
        make_command("ann", AddUserCode("pc:6", ("producer",))),
        make_command("pc:6", UpdateCode({"role_ids": ("submission",)})),
        make_command("ann", AddUserCode("pc:6")),
        make_command("ann", AddUserCode("pc:6", ())),
    ]

    assert answers(batch, REGISTRY.world) == ["accepted", "accepted", "already-exists", "unchanged"]


def test_an_insurer_must_stay_one_after_a_group_got_a_code_of_another_within_the_batch() -> None:
    batch = [make_command("headquarters", AddGroupCode("pc:16")), make_command("insurer", PutOrganization("Allrisk"))]

    assert answers(batch, REGISTRY.world) == ["accepted", "other-organization"]
    assert answers(batch[::-1], REGISTRY.world) == ["accepted", "other-organization"]


def test_the_given_world_does_not_change() -> None:
    world = REGISTRY.world.copy()

    _, after = decide_batch(
        [make_command("ann", AddUserCode("pc:6")), make_command("ann", UpdateUser({"username": "ann"}))], world
    )

    assert world == REGISTRY.world
    assert after != world
