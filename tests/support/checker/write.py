"""Check the responses to writes over HTTP against the commands of the log, their decisions and the inbox."""

from collections import defaultdict
from collections.abc import Iterator

import orjson

from tests.support.checker.dead_letter import place_of
from tests.support.checker.evidence import Evidence, Response, Violation, Write
from tests.support.checker.model import LoggedCommand, Model

SUCCESSES = (200, 201, 204)
REFUSALS = (404, 409, 412, 422)
_AWAY = (0, 401, 503)
"""Statuses that do not say what became of the command; 0 is no response."""


def is_final(response: Response) -> bool:
    """Return whether a repeat has to get the same status."""
    return response.status in (*SUCCESSES, *REFUSALS)


def check_writes(evidence: Evidence, model: Model) -> Iterator[Violation]:
    """Check each key, with all responses to it."""
    places = {seen.place: (seen.header("ce_source"), seen.header("ce_id")) for seen in evidence.commands}
    letters = {place_of(seen) for seen in evidence.dead_letters}
    events: dict[str, set[str]] = defaultdict(set)
    for seen in evidence.events:
        events[seen.header("ce_causationid") or ""].add(seen.need("ce_id"))
    for write in evidence.writes:
        key = write.source, write.key, evidence.topics.commands
        logged = model.commands.get(key)
        status = None if logged is None or logged.decision is None else logged.decision.status
        inbox = None if evidence.database is None else evidence.database.inbox.get(key)
        if len(events[write.key]) > 1:
            yield Violation("key decided twice", f"{write.key} has the events {sorted(events[write.key])}")
        for response in write.responses:
            yield from _success(write, response, status, inbox)
            yield from _refusal(write, response, status)
            yield from _pending(write, response, status, places, letters)
            yield from _error(write, response, status, letters)
        yield from _repeats(write, logged)
        yield from _unpublished(write, logged)
        if write.state is not None and write.state != (status or "dead-lettered"):
            yield Violation("wrong state", f"{write.key} is {status}, and /commands says {write.state}")
        yield from _stale(write, logged)


def _success(write: Write, response: Response, status: str | None, inbox: str | None) -> Iterator[Violation]:
    if response.status not in SUCCESSES:
        return
    allowed = ("accepted",) if response.status == 201 else ("accepted", "unchanged")
    if status not in allowed or inbox not in allowed:
        yield Violation(
            "success without an outcome", f"{write.key}: {response}; decided as {status}, in the inbox as {inbox}"
        )


def _refusal(write: Write, response: Response, status: str | None) -> Iterator[Violation]:
    if write.vanishes and response.status == 404:
        return
    if response.status in REFUSALS and status in ("accepted", "unchanged"):
        yield Violation("refusal of an accepted command", f"{write.key}: {response}; decided as {status}")


def _pending(
    write: Write,
    response: Response,
    status: str | None,
    places: dict[str, tuple[str | None, str | None]],
    letters: set[str],
) -> Iterator[Violation]:
    if response.status != 202:
        return
    if places.get(response.place or "") != (write.source, write.key):
        yield Violation("202 without a command", f"{write.key}: {response.place} is {places.get(response.place or '')}")
    if status is None and response.place not in letters:
        yield Violation("202 without an outcome", f"{write.key}: {response.place}")
    if status is not None and response.place in letters:
        yield Violation("outcome and dead letter", f"{write.key}: {response.place}, decided as {status}")


def _error(write: Write, response: Response, status: str | None, letters: set[str]) -> Iterator[Violation]:
    if response.status in (*SUCCESSES, *REFUSALS, *_AWAY, 202):
        if response.status == 503 and "is decided" in response.text and status is None:
            yield Violation("503 without an outcome", f"{write.key}: {response}")
    elif response.status != 500 or "keeps it for its operator" not in response.text or not letters:
        yield Violation("response is an error", f"{write.key}: {response}")


def _repeats(write: Write, logged: LoggedCommand | None) -> Iterator[Violation]:
    final = [response for response in write.responses if is_final(response)]
    statuses = [response.status for response in final if not (write.vanishes and response.status == 404)]
    if len(set(statuses)) > 1:
        yield Violation("repeat with another status", f"{write.key}: {statuses}")
    if logged is not None and not all(response.replayed for response in final[1:]):
        yield Violation("repeat that is not marked", f"{write.key}: {final}")


def _unpublished(write: Write, logged: LoggedCommand | None) -> Iterator[Violation]:
    """Check that a command is not in the log if each response said so."""
    said = [response.status == 503 and "Nothing was published" in response.text for response in write.responses]
    if logged is not None and said and all(said):
        yield Violation("published after all", f"{write.key} is at {logged.description}")


def _stale(write: Write, logged: LoggedCommand | None) -> Iterator[Violation]:
    if logged is None or logged.outcome is None:
        return
    version = orjson.loads(logged.outcome.payload or b"{}").get("version") or 0
    for response in write.responses:
        if response.version is not None and response.version < version:
            yield Violation("response before its outcome", f"{write.key}: {response}, the outcome has {version}")
