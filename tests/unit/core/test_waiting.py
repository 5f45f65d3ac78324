"""Commands that wait for their references: which ones, for what, and what is decided in the end."""

from random import Random

import pytest
from hypothesis import given

from service.core.batch import World, decide_batch
from service.core.command import Body, Command
from service.core.decision import Decision, Repeat
from service.core.group import AddGroupCode, CreateGroup, UpdateGroup
from service.core.organization import PutOrganization
from service.core.problem import MAX_ERRORS
from service.core.producer_code import CreateCode
from service.core.user import AddUserCode, CreateUser, JoinGroup, RemoveUserCode
from service.core.waiting import Reference, Wait, Waiting, created, decide_or_wait, split
from tests.support.asked import commands
from tests.support.history import history
from tests.unit.core.seed import REGISTRY
from tests.unit.core.specification import make_command
from tests.unit.core.test_batch_properties import FOUNDED, contended, counts, properties, seeds

ANN, OFFICE = Reference("user", "ann"), Reference("group", "office")
NOTHING = Waiting()
Answer = Decision | Repeat | Wait


def decided(batch: list[Command], waiting: Waiting = NOTHING, *, may_wait: bool = True) -> list[Answer]:
    """Return the answers of a batch on the registry of the seed."""
    return decide_or_wait(batch, REGISTRY.world, waiting, [may_wait] * len(batch))[0]


def with_waits(batch: list[Command], world: World = FOUNDED) -> tuple[list[Answer], World]:
    """Decide a batch of which every command may wait."""
    return decide_or_wait(batch, world, NOTHING, [True] * len(batch))


@pytest.mark.parametrize(
    ("subject", "body", "reference"),
    [
        ("office", AddGroupCode("nothing"), ("producer-code", "nothing")),
        ("ann", AddUserCode("nothing"), ("producer-code", "nothing")),
        ("ann", AddUserCode("nothing", ("nobody",)), ("role", "nobody")),
        ("ann", RemoveUserCode("nothing"), ("producer-code", "nothing")),
        ("ann", JoinGroup("nowhere"), ("group", "nowhere")),
        ("new", CreateGroup("region", "West", "nobody"), ("organization", "nobody")),
        ("new", CreateUser("Bob", "bob@example.com", "nobody", group_ids=("nowhere",)), ("organization", "nobody")),
        ("new", CreateCode("new-code", "pc:1", ("nobody",), branch_id="nowhere"), ("branch", "nowhere")),
    ],
)
def test_a_command_waits_for_the_first_of_its_missing_references(
    subject: str, body: Body, reference: tuple[str, str]
) -> None:
    command = make_command(subject, body)
    kind = command.type.partition(".")[0]
    assert decided([command]) == [Wait(Reference(kind, subject), Reference(*reference))]
    [answer] = decided([command], may_wait=False)
    assert isinstance(answer, Decision)
    assert {problem.code for problem in answer.problems} == {"reference-not-found"}


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        ("nowhere", AddGroupCode("nothing"), None),
        ("office", AddGroupCode("nothing"), 9),
        ("office", UpdateGroup("region", "West", "pc:4"), None),
        ("new", CreateCode("new-code", "nobody", (), None, None, "Active", "2024-01-02", "2024-01-01"), None),
    ],
    ids=["subject", "version", "no reference", "another problem"],
)
def test_a_command_with_another_problem_does_not_wait(subject: str, body: Body, expected: int | None) -> None:
    [answer] = decided([make_command(subject, body, expected)])
    assert isinstance(answer, Decision)


def test_all_problems_count_when_there_are_more_than_an_outcome_has() -> None:
    nowhere = tuple(f"nowhere-{n:02}" for n in range(MAX_ERRORS + 5))
    user = CreateUser("Bob", "bob@example.com", "pc:4", group_ids=nowhere)
    assert decided([make_command("new", user)]) == [Wait(Reference("user", "new"), Reference("group", nowhere[0]))]
    # The office belongs to another organization. Its path, /groups/9, is the last one.
    groups = (*nowhere[:9], "office", *nowhere[9:])
    [answer] = decided([make_command("new", CreateUser("Bob", "bob@example.com", "pc:4", group_ids=groups))])
    assert isinstance(answer, Decision)
    assert {problem.code for problem in answer.problems} == {"reference-not-found"}, "the other one is not reported"


def test_later_commands_of_the_subject_wait_behind_and_others_are_decided() -> None:
    wait = make_command("ann", AddUserCode("nothing"), id_="wait")
    behind = make_command("ann", AddUserCode("pc:6"), id_="behind")
    # The same id with another kind is another subject.
    other = make_command("ann", PutOrganization("Ann"), id_="other")
    first, second, third = decided([wait, behind, other])
    assert (first, second) == (Wait(ANN, Reference("producer-code", "nothing")), Wait(ANN, None))
    assert isinstance(third, Decision)
    assert third.status == "accepted"


def test_a_command_waits_behind_those_of_earlier_batches() -> None:
    batch = [make_command("ann", AddUserCode("pc:6")), make_command("office", AddGroupCode("pc:6"))]
    assert decided(batch, Waiting({ANN}))[0] == Wait(ANN, None)
    assert isinstance(decided(batch, Waiting({ANN}))[1], Decision)


def test_a_repeat_waits_with_the_subject_of_the_first() -> None:
    first = make_command("ann", AddUserCode("nothing"), id_="same")
    again = make_command("office", AddGroupCode("pc:6"), id_="same")
    assert decided([first, again])[1] == Wait(ANN, None)
    assert decided([again], Waiting(frozenset(), {("/tests", "same", "commands"): ANN})) == [Wait(ANN, None)]


def test_a_reference_that_the_batch_creates_is_not_missing() -> None:
    batch = [make_command("new", CreateGroup("region", "West", "pc:1")), make_command("ann", JoinGroup("new"))]
    assert not any(isinstance(answer, Wait) for answer in decided(batch))
    wait, _ = decided(batch[::-1])
    assert wait == Wait(ANN, Reference("group", "new"))


def test_new_objects_are_named_by_kind_and_id() -> None:
    batch = [make_command("new", CreateGroup("region", "West", "pc:1")), make_command("o", PutOrganization("O"))]
    _, after = decide_or_wait(batch, REGISTRY.world, NOTHING, [True, True])
    assert created(REGISTRY.world, after) == {Reference("group", "new"), Reference("organization", "o")}


def test_split_counts_repeats_among_the_decided_commands() -> None:
    accepted, wait = Decision("unchanged", 1, None, ()), Wait(ANN, None)
    answers: list[Answer] = [wait, accepted, wait, accepted, Repeat(3), Repeat(4)]
    assert split(answers) == ({0: wait, 2: wait}, [accepted, accepted, Repeat(1), Repeat(2)])


@properties
@given(seeds, counts)
def test_everything_is_decided_as_usual_when_nothing_may_wait(seed: int, count: int) -> None:
    batch = contended(seed, count)
    answers, after = decide_or_wait(batch, FOUNDED, NOTHING, [False] * count)
    assert (answers, after) == decide_batch(batch, FOUNDED)


@properties
@given(seeds, counts)
def test_the_result_is_that_of_the_decided_commands_and_then_the_waiting_ones(seed: int, count: int) -> None:
    batch = commands(history(Random(seed), count))
    answers, between = with_waits(batch)
    waits, now = split(answers)
    first = [command for index, command in enumerate(batch) if index not in waits]
    later = [batch[index] for index in waits]

    assert (now, between) == decide_batch(first, FOUNDED)
    last, after = decide_or_wait(later, between, NOTHING, [False] * len(later))
    assert (last, after) == decide_batch(later, between)
    subjects = [wait.subject for wait in waits.values()]
    heads = [subjects.index(wait.subject) == place for place, wait in enumerate(waits.values())]
    assert [wait.reference is not None for wait in waits.values()] == heads
    for answer in now:
        if isinstance(answer, Decision) and answer.problems:
            assert {problem.code for problem in answer.problems} != {"reference-not-found"}


@properties
@given(seeds, counts, seeds)
def test_splitting_a_batch_lets_the_same_commands_wait(seed: int, count: int, cut: int) -> None:
    batch = contended(seed, count)
    first, second = batch[: cut % (count + 1)], batch[cut % (count + 1) :]
    whole, after = with_waits(batch)
    left, between = with_waits(first)
    known = {_identity(command) for command, answer in zip(first, left, strict=True) if not isinstance(answer, Wait)}
    second = [command for command in second if _identity(command) not in known]
    waits = {_identity(c): a.subject for c, a in zip(first, left, strict=True) if isinstance(a, Wait)}
    right, end = decide_or_wait(second, between, Waiting(frozenset(waits.values()), waits), [True] * len(second))

    assert end == after
    expected = {_identity(c): a.subject for c, a in zip(batch, whole, strict=True) if isinstance(a, Wait)}
    found = waits | {_identity(c): a.subject for c, a in zip(second, right, strict=True) if isinstance(a, Wait)}
    assert found == expected


def _identity(command: Command) -> tuple[str, str, str]:
    return command.source, command.id, command.topic
