"""Rows and messages of the outbox as text and as JSON.

Positions are strings in JSON: programs that read numbers as floating-point values would round them.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from service.cli.text_line import text_line
from service.contract.message import Message
from service.contract.timestamp import stamp
from service.store.outbox_listing import Count, Found, Row


def row_json(row: Row) -> dict[str, Any]:
    """Return the metadata of a row as one JSON object, without its messages."""
    reported = {
        "position": str(row.position),
        "state": row.state,
        "topic": row.topic,
        "shard": row.shard,
        "messages": row.messages,
        "raw_bytes": row.raw_bytes,
        "since": stamp(row.since),
        "scope": row.scope,
        "reason": row.reason,
    }
    if row.discarded_at is not None:
        reported |= {"discarded_at": stamp(row.discarded_at), "discarded_by": row.discarded_by}
    return reported


def row_line(row: Row) -> str:
    """Return a row as one line of text."""
    size = f"{row.topic}  shard {row.shard}  {counted(row.messages, 'message')}  {counted(row.raw_bytes, 'byte')}"
    line = f"{row.position}  {row.state}  {size}  since {stamp(row.since)}"
    if row.scope is not None:
        line += f"  {row.scope}"
    if row.reason is not None:
        line += f"  {row.reason}"
    if row.discarded_at is not None:
        line += f"  discarded {stamp(row.discarded_at)} by {row.discarded_by}"
    return line


def message_json(found: Found, message: Message) -> dict[str, Any]:
    """Return a message as one JSON object, with \\x... escapes for non-text bytes."""
    return {
        "position": str(message.position),
        "sequence": f"{message.position:020}",
        "frame": str(found.row.position),
        "state": found.row.state,
        "id": message.id,
        "type": message.type,
        "subject": message.aggregateid,
        "topic": message.topic,
        "key": _text(message.key),
        "headers": [[name, _text(value)] for name, value in message.headers],
        "payload": _text(message.payload),
    }


def message_lines(found: Found, message: Message) -> Iterable[str]:
    """Yield one line of text for each attribute of a message."""
    for name, value in message_json(found, message).items():
        if name == "headers":
            for header, content in value:
                yield text_line("header", f"{header}: {content}")
        elif name not in {"frame", "state"}:
            yield text_line(name, value)


def counted(count: int, what: str) -> str:
    """Return a number with its noun, such as "1 row" and "2 rows"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def more_line(shown: Iterable[Row], total: Count) -> str | None:
    """Return a line with the number of rows that are not shown, or None if all are shown."""
    rows = list(shown)
    more = total.rows - len(rows)
    if more <= 0:
        return None
    messages = total.messages - sum(row.messages for row in rows)
    return f"and {counted(more, 'more row')} with {counted(messages, 'message')}: see --limit"


def summary_lines(rows: Iterable[Row]) -> Iterable[str]:
    """Yield one line with the number of rows and messages for each topic and reason."""
    messages: Counter[tuple[str, str | None]] = Counter()
    frames: Counter[tuple[str, str | None]] = Counter()
    for row in rows:
        messages[row.topic, row.reason] += row.messages
        frames[row.topic, row.reason] += 1
    for (topic, reason), count in sorted(frames.items()):
        content = counted(messages[topic, reason], "message")
        yield f"{counted(count, 'row')} with {content} for {topic} ({reason})"


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="backslashreplace")
