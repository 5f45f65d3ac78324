"""Properties of every batch, checked with random histories of all command types."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from service.core import group
from service.core.batch import World, decide, decide_batch, evolve
from service.core.command import Command
from service.core.decision import Decision, Repeat
from tests.support.asked import commands
from tests.support.history import Sent, foundation, history
from tests.support.states import new_group
from tests.unit.core.registry import check_rules

FOUNDED = decide_batch(commands(foundation()), World())[1]

seeds = st.integers(0, 2**32 - 1)
counts = st.integers(0, 120)
properties = settings(deadline=None, max_examples=60)

Identity = tuple[str, str, str]


def contended(seed: int, count: int) -> list[Command]:
    """Return a batch with contention between organizations."""
    return commands(history(Random(seed), count, contended=True))


def identity(command: Command) -> Identity:
    """Return the identity of a command."""
    return command.topic, command.source, command.id


def by_identity(batch: list[Command], answers: list[Decision | Repeat]) -> dict[Identity, Decision]:
    """Return the decision of each command; check that each Repeat refers to it."""
    decisions: dict[Identity, Decision] = {}
    for command, answer in zip(batch, answers, strict=True):
        if isinstance(answer, Decision):
            assert identity(command) not in decisions
            decisions[identity(command)] = answer
        else:
            assert identity(batch[answer.first]) == identity(command)
            assert isinstance(answers[answer.first], Decision)
            assert identity(command) in decisions
    return decisions


@properties
@given(seeds, counts, seeds)
def test_splitting_a_batch_gives_the_same_decisions(seed: int, count: int, cut: int) -> None:
    batch = contended(seed, count)
    first, second = batch[: cut % (count + 1)], batch[cut % (count + 1) :]
    known = {identity(command) for command in first}
    # The inbox knows what an earlier batch decided.
    second = [command for command in second if identity(command) not in known]

    whole, after = decide_batch(batch, FOUNDED)
    left, between = decide_batch(first, FOUNDED)
    right, end = decide_batch(second, between)

    assert by_identity(batch, whole) == by_identity(first, left) | by_identity(second, right)
    assert end == after


@properties
@given(seeds, counts)
def test_duplicates_change_nothing(seed: int, count: int) -> None:
    random = Random(seed)
    batch = contended(seed, count)
    more = list(batch)
    for command in random.sample(batch, len(batch) // 3):
        more.insert(random.randint(more.index(command) + 1, len(more)), command)

    plain, after = decide_batch(batch, FOUNDED)
    doubled, end = decide_batch(more, FOUNDED)

    assert by_identity(more, doubled) == by_identity(batch, plain)
    assert end == after


@properties
@given(seeds, counts)
def test_commands_of_different_keys_commute(seed: int, count: int) -> None:
    sent = history(Random(seed), count)
    shuffled = interleaved(Random(seed + 1), sent)

    straight, after = decide_batch(commands(sent), FOUNDED)
    mixed, end = decide_batch(commands(shuffled), FOUNDED)

    assert by_identity(commands(shuffled), mixed) == by_identity(commands(sent), straight)
    assert end == after


def interleaved(random: Random, sent: list[Sent]) -> list[Sent]:
    """Interleave the commands of different topics and keys in another order, keeping the order per topic and key."""
    lines: dict[tuple[str, str], list[Sent]] = {}
    for one in sent:
        lines.setdefault((one["topic"], one["key"]), []).append(one)
    order = [line for line, those in lines.items() for _ in those]
    random.shuffle(order)
    return [lines[line].pop(0) for line in order]


@properties
@given(seeds, counts)
def test_the_fold_of_the_events_is_the_returned_world(seed: int, count: int) -> None:
    answers, after = decide_batch(contended(seed, count), FOUNDED)

    folded = FOUNDED.copy()
    for answer in answers:
        if isinstance(answer, Decision) and answer.event is not None:
            evolve(folded, answer.event)

    assert folded == after
    check_rules(after)


@properties
@given(seeds, counts)
def test_each_command_is_unchanged_on_its_own_result(seed: int, count: int) -> None:
    world = FOUNDED.copy()
    for command in contended(seed, count):
        decision = decide(command, world)
        if decision.event is None:
            continue
        evolve(world, decision.event)
        again = decide(replace(command, expected_version=None), world)
        assert again == Decision("unchanged", decision.version, None, ())


@properties
@given(seeds, counts)
def test_each_event_increments_the_version_of_its_subject(seed: int, count: int) -> None:
    batch = contended(seed, count)
    answers, _ = decide_batch(batch, FOUNDED)
    accepted = [
        (command.type.partition(".")[0], command.subject, answer.version or 0)
        for command, answer in zip(batch, answers, strict=True)
        if isinstance(answer, Decision) and answer.event is not None
    ]

    accepted.sort(key=lambda line: line[:2])
    for subject, line in groupby(accepted, key=lambda line: line[:2]):
        versions = [version for _, _, version in line]
        assert versions == list(range(versions[0], versions[0] + len(versions))), subject


@properties
@given(seeds, counts)
def test_problems_are_ordered_by_path(seed: int, count: int) -> None:
    for answer in decide_batch(contended(seed, count), FOUNDED)[0]:
        if isinstance(answer, Decision):
            paths = [problem.path for problem in answer.problems]
            assert paths == sorted(paths)
            assert (answer.status == "rejected") == bool(paths)
            assert (answer.status == "accepted") == (answer.event is not None)


def test_an_aggregate_is_the_fold_of_its_events() -> None:
    made = new_group("g", "region", "West", "o")
    moved = replace(made, value="East", version=2)

    world = World()
    for event in (group.GroupCreated(made), group.GroupUpdated(made, moved)):
        evolve(world, event)

    assert world == World(groups={"g": moved})
