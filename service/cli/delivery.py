"""Deliver the commands of a file in its order, and send rows again that were rejected at an earlier time.

There is no order between the two command topics, so a file is sent in segments of one topic: the next segment is sent
when the previous one is answered.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby

from service.cli.command_preparation import CommandPreparer, PreparedCommand
from service.cli.exchange import Answer, Exchange
from service.cli.input_text import rows_text


class Delivery:
    """The delivery of one file. It can be read while it runs and after it was interrupted.

    `report` is called with each answer that is final, as soon as it is known. Without `wait`, a command is finished
    when the broker has acknowledged it; a file with commands of both topics always waits.
    """

    def __init__(
        self,
        commands: Sequence[PreparedCommand],
        preparer: CommandPreparer,
        report: Callable[[Answer], None],
        *,
        wait: bool,
    ) -> None:
        self._commands = commands
        self._preparer = preparer
        self._report = report
        self._segments = [list(segment) for _, segment in groupby(commands, key=lambda command: command.topic)]
        self.waits = wait or len(self._segments) > 1
        self._sent: list[Answer] = []

    @property
    def answers(self) -> list[Answer]:
        """The answers to the last attempt of each row that was sent, in the order of the rows."""
        return list({answer.command.row: answer for answer in self._sent}.values())

    @property
    def not_sent(self) -> list[int]:
        """The rows that the broker has not acknowledged."""
        acknowledged = {answer.command.row for answer in self._sent if answer.acknowledged}
        return [command.row for command in self._commands if command.row not in acknowledged]

    @property
    def unanswered(self) -> list[int]:
        """The rows whose last attempt has no answer, if it waits for answers."""
        return [answer.command.row for answer in self.answers if self.waits and answer.status == "sent"]

    @property
    def complete(self) -> bool:
        """Whether all rows were sent and, if it waits, all were accepted."""
        done = {"accepted", "unchanged"} if self.waits else {"sent"}
        return not self.not_sent and {answer.status for answer in self.answers} <= done

    async def run(self, exchange: Exchange, seconds: float) -> None:
        """Send all commands. When no answer arrives for the given number of seconds, stop and leave rows unanswered."""
        self._sent = exchange.sent
        if not self.waits:
            await exchange.send(self._commands, self._report)
            return
        # A rejection may not be final, so it is reported later.
        exchange.known = lambda answer: None if answer.status == "rejected" else self._report(answer)
        for segment in self._segments:
            pending: Sequence[PreparedCommand] = segment
            while pending:
                sent = await exchange.send(pending)
                await exchange.answered(seconds)
                timed_out = any(answer.status == "sent" for answer in sent)
                pending = [] if timed_out else self._next_attempts(sent)
                repeated = {command.row for command in pending}
                for answer in sent:
                    if answer.status == "rejected" and answer.command.row not in repeated:
                        self._report(answer)
                if timed_out:
                    return

    def _next_attempts(self, sent: Sequence[Answer]) -> list[PreparedCommand]:
        """Return the rejected rows that may have another outcome now.

        These are the rows that were rejected at an earlier time, and the rejected rows behind them, which may refer to
        what they create.
        """
        rejected = [answer for answer in sent if answer.status == "rejected" and answer.command.row_id is not None]
        first = next((index for index, answer in enumerate(rejected) if answer.replayed), len(rejected))
        return [self._preparer.next_attempt(answer.command) for answer in rejected[first:]]

    def counts(self) -> str:
        """Return how many rows have which answer, as a text."""
        names: Counter[str] = Counter()
        for answer in self.answers:
            earlier = answer.replayed and answer.status != "rejected"
            names["already decided" if earlier else answer.status] += 1
        return ", ".join(f"{count} {name}" for name, count in sorted(names.items())) or "0 sent"

    def progress(self) -> str:
        """Return what was done so far, as a text."""
        rows = self.not_sent
        done = f"{len(self._commands) - len(rows)} of {len(self._commands)} rows were sent ({self.counts()})"
        return f"{done}; {rows_text(rows)} may not have been sent" if rows else done
