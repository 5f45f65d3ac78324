"""The generator of histories is reproducible and covers all command types and all answers."""

import json
from collections import Counter
from random import Random

from service.core.batch import World, decide_batch
from service.core.decision import Decision, Repeat
from tests.support.asked import commands
from tests.support.command_draw import MAKERS
from tests.support.history import foundation, history

CODES = {
    "invalid", "unknown-field", "not-found", "reference-not-found", "already-exists", "code-taken",
    "immutable-field", "other-organization", "not-code-secured", "version-conflict", "wrong-topic",
}  # fmt: skip


def test_a_seed_gives_one_history() -> None:
    assert history(Random(7), 200) == history(Random(7), 200)
    assert history(Random(7), 200) != history(Random(8), 200)
    assert json.loads(json.dumps(history(Random(7), 200))) == history(Random(7), 200)


def test_everything_in_the_foundation_is_accepted() -> None:
    answers, _ = decide_batch(commands(foundation()), World())

    assert {answer.status for answer in answers if isinstance(answer, Decision)} == {"accepted"}


def test_three_thousand_commands_have_every_type_and_every_answer() -> None:
    # With a thousand, one seed of three misses an accepted user.leave-group.
    for contended in (False, True):
        batch = commands(history(Random(1), 3_000, contended=contended))
        answers, _ = decide_batch(batch, decide_batch(commands(foundation()), World())[1])
        accepted: Counter[str] = Counter()
        seen: set[str] = set()
        for command, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Repeat):
                seen.add("repeat")
                continue
            seen |= {problem.code for problem in answer.problems} or {answer.status}
            accepted[command.type] += answer.status == "accepted"

        assert seen == CODES | {"accepted", "unchanged", "repeat"}
        assert {type_ for type_, times in accepted.items() if times} == set(MAKERS)
