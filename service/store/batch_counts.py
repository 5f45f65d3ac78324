"""How many commands of a batch were decided in which way. Both functions take one decision per command."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from service.core.command import Command
from service.core.decision import Decision, Repeat, Status

TypeAndStatus: TypeAlias = tuple[str, Status]
"""The type of a command, such as `group.create`, and its outcome."""

SourceAndCode: TypeAlias = tuple[str, str]
"""The source of a rejected command, and the code of the first problem of its outcome."""


def count_outcomes(commands: Sequence[Command], decisions: Sequence[Decision | Repeat]) -> Counter[TypeAndStatus]:
    """Count the commands by type and outcome; repeats within the batch do not count."""
    return Counter(
        [
            (command.type, decision.status)
            for command, decision in zip(commands, decisions, strict=True)
            if isinstance(decision, Decision)
        ]
    )


def count_rejections(commands: Sequence[Command], decisions: Sequence[Decision | Repeat]) -> Counter[SourceAndCode]:
    """Count the rejected commands by source and code."""
    return Counter(
        [
            (command.source, decision.problems[0].code)
            for command, decision in zip(commands, decisions, strict=True)
            if isinstance(decision, Decision) and decision.problems
        ]
    )
