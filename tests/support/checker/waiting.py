"""Check commands that may wait: none is rejected for missing references before its time to wait is over."""

from collections.abc import Iterator
from datetime import UTC, datetime

import orjson

from service.contract.http_source import HTTP_SOURCE
from tests.support.checker.evidence import Evidence, Violation
from tests.support.checker.model import Model


def check_waiting(evidence: Evidence, model: Model) -> Iterator[Violation]:
    """Compare the time of each rejection with the time at which its command was sent.

    Commands of the service itself have its clock, which a fault may set, and are not checked.
    """
    if not evidence.reference_wait_seconds:
        return
    for logged in model.commands.values():
        command = logged.copies[0].command
        if logged.decision is None or logged.decision.more or command.source.startswith(HTTP_SOURCE):
            continue
        if {problem.code for problem in logged.decision.problems} != {"reference-not-found"}:
            continue
        places = {(r.record.topic, r.record.partition, r.record.offset) for r in logged.copies}
        sent = [seen for seen in evidence.commands if (seen.topic, seen.partition, seen.offset) in places]
        first = min(seen.timestamp for seen in sent) / 1000
        # An answer to a repeat has the time of the decision, too.
        decided = datetime.fromisoformat(logged.answers[0].need("ce_time")).timestamp()
        if decided - first < evidence.reference_wait_seconds:
            waited = f"rejected after {decided - first:.3f} s, at {datetime.fromtimestamp(decided, UTC)}"
            problem = orjson.loads(logged.answers[0].value or b"")["problem"]
            yield Violation("rejected early", f"{logged.description}: {waited}, {problem['errors']}")
