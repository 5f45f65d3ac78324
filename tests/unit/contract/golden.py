"""The golden files: the exact record of every message of the contract, one file for each kind of object.

`python -m tests.unit.contract.golden --write` regenerates them, and the examples of the AsyncAPI document. A
difference is a change of the contract: apart from texts for people, only additions are allowed.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from service.contract.asyncapi.example import FILE
from service.contract.change import change
from service.contract.dead_letter import dead_letter
from service.contract.dead_letter_mark import mark_headers
from service.contract.envelope import Received, Undecodable
from service.contract.header import Headers
from service.contract.message import Message
from service.contract.render import render, repeat_outcome, stamp_of
from service.contract.snapshot import Held, association_message, state_message
from service.contract.state import StateRecords
from service.core.decision import Decision, Problem
from service.version import VERSION
from tests.support.record import FakeRecord
from tests.unit.contract import seed
from tests.unit.contract.asyncapi_examples import examples
from tests.unit.contract.support import AT, TOPICS, binary, parsed, raw, received, record

FOLDER: Final = Path(__file__).parent / "golden"


def messages() -> dict[str, Mapping[str, Any]]:
    """Return all messages by name, such as `event/user.created`."""
    contents: dict[str, Mapping[str, Any]] = {}
    for name, sent in seed.EVENTS_OF_COMMANDS.items():
        contents[f"command/{name}"] = _command(sent)
    for name, event in seed.EVENTS.items():
        command = _create_command(name)
        decision = Decision("accepted", change(event)[2], event, ())
        contents[f"event/{name}"] = _message(render(command, decision, 41, AT, TOPICS)[0])
    for state in seed.STATES:
        message = state_message(state, "run-1", 43, AT, TOPICS)
        contents[f"event/{_name(message)}"] = _message(message)
    for held in (Held(seed.GROUP_HOLDS, "501-002542", 5), Held(seed.RAY_HOLDS, "301-008578", 5)):
        message = association_message(held, "run-1", 44, AT, TOPICS)
        contents[f"event/{_name(message)}"] = _message(message)
    contents |= {f"state/{name}": _message(message) for name, message in _states().items()}
    contents |= {f"outcome/{name}": _message(message) for name, message in _outcomes().items()}
    contents |= {f"dead-letter/{reason}": _message(letter) for reason, letter in _dead_letters().items()}
    contents["dead-letter/mark"] = _mark()
    return contents


def files() -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return the messages of each golden file, by file name: the object of a command or event, else its direction."""
    contents: dict[str, dict[str, Mapping[str, Any]]] = {}
    for name, content in messages().items():
        direction, _, message = name.partition("/")
        noun = message.partition(".")[0] if direction in ("command", "event") else direction
        contents.setdefault(f"{noun}.json", {})[name] = content
    return contents


def golden() -> dict[str, Mapping[str, Any]]:
    """Return the messages of all golden files by name."""
    return {name: content for path in FOLDER.iterdir() for name, content in orjson.loads(path.read_bytes()).items()}


def _command(event: Mapping[str, Any]) -> dict[str, Any]:
    modes = {"binary": record(event), "structured": record(event, "structured")}
    core = dataclasses.asdict(received(modes["binary"]).command)
    return {
        "event": event,
        **{
            mode: {
                "topic": one.topic,
                "key": _text_or_none(one.key),
                "headers": _headers([*one.headers]),
                "value": _json(one.value),
            }
            for mode, one in modes.items()
        },
        "command": core,
    }


def _create_command(event_name: str) -> Received:
    return received(record({**seed.EVENTS_OF_COMMANDS["user.create"], "id": f"seed-{event_name}"}))


def _states() -> dict[str, Message]:
    records = StateRecords(stamp_of(AT, TOPICS))
    messages = [records.of_object(state, 45) for state in seed.STATES]
    messages += [
        records.of_association(seed.GROUP_HOLDS, "501-002542", 5, 46),
        records.of_association(seed.RAY_HOLDS, "301-008578", 5, 47),
    ]
    ends = {
        "group.tombstone": records.end_of_association(seed.GROUP_HOLDS, 6, 48),
        "user.tombstone": records.end_of_association(seed.RAY_HOLDS, 6, 49),
    }
    return {_name(message): message for message in messages} | ends


def _outcomes() -> dict[str, Message]:
    create = received(record(seed.EVENTS_OF_COMMANDS["user.create"]))
    event = seed.EVENTS["user.created"]
    problems = (
        Problem("reference-not-found", "There is no group pc:669.", "/groups/0"),
        Problem("reference-not-found", "There is no organization pc:1.", "/organization/id"),
    )
    rejected = Decision("rejected", None, None, problems)
    accepted = render(create, Decision("accepted", 1, event, ()), 41, AT, TOPICS)[1]
    assert accepted.payload is not None
    return {
        "command.accepted": accepted,
        "command.unchanged": render(create, Decision("unchanged", 1, None, ()), 41, AT, TOPICS)[0],
        "command.rejected": render(create, rejected, 41, AT, TOPICS)[0],
        "with-more-errors": render(create, Decision("rejected", None, None, problems, 9_980), 41, AT, TOPICS)[0],
        "repeated": repeat_outcome(create, accepted.payload, 57, AT, TOPICS),
        "without-subject": render(
            received(binary(b"{}", subject=None)),
            Decision("rejected", None, None, (Problem("invalid", "subject is missing.", "subject"),)),
            41,
            AT,
            TOPICS,
        )[0],
    }


def _dead_letters() -> dict[str, Message]:
    poison: dict[str, FakeRecord] = {
        "not-a-cloudevent": raw(b'{"code": "AI-50701"}', [("x-trace", b"\xff\x00"), ("x-null", None)]),
        "not-json": binary(b'{"code": NaN}'),
        "too-large": binary(b" " * 262_145),
        "tombstone": raw(None, [("x-trace", b"1")], None),
        "unknown-type": binary(b"{}", type="producer-registry.user.promote.v2"),
    }
    letters: dict[str, Message] = {}
    for reason, one in poison.items():
        answer = parsed(one)
        assert isinstance(answer, Undecodable)
        letters[reason] = dead_letter(answer, 41, AT, TOPICS)
    defect = Undecodable(binary(b"{}"), "failed", "ValueError: a defect of the service")
    letters["failed"] = dead_letter(defect, 41, AT, TOPICS)
    return letters


def _mark() -> dict[str, Any]:
    address = f"{TOPICS.dead_letters}:3:17"
    return {
        "topic": TOPICS.dead_letters,
        "key": address,
        "headers": _headers([*mark_headers(address, "replayed")]),
        "value": None,
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "aggregatetype": message.aggregatetype,
        "aggregateid": message.aggregateid,
        "type": message.type,
        "topic": message.topic,
        "shard": message.shard,
        "key": _text_or_none(message.key),
        "headers": _headers(message.headers),
        "value": _json(message.payload),
    }


def _name(message: Message) -> str:
    return message.type.removeprefix("producer-registry.").removesuffix(".v1")


def _headers(headers: Headers) -> list[str]:
    """Return headers as `name: value`; a null header has no colon."""
    shown = [(name, _text_or_none(b"<version>" if value == VERSION.encode() else value)) for name, value in headers]
    return [name if value is None else f"{name}: {value}" for name, value in shown]


def _text_or_none(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _json(value: bytes | None) -> Any:
    """Return parsed JSON, other bytes as text, or the length of a long body."""
    if value is not None and len(value) > 10_000:
        return f"{len(value)} bytes"
    try:
        return orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return _text_or_none(value)


def text(content: Mapping[str, Any]) -> bytes:
    """Return JSON as it is in a golden file."""
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def main(arguments: list[str]) -> int:
    """Write all golden files and delete obsolete ones."""
    if arguments != ["--write"]:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    expected = files()
    for path in FOLDER.iterdir():
        if path.name not in expected:
            path.unlink()
    for name, content in expected.items():
        (FOLDER / name).write_bytes(text(content))
    Path(str(FILE)).write_bytes(text(examples(golden())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
