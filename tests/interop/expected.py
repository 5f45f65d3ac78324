"""What an SDK must read from a record, derived from its bytes by the rules of CloudEvents, and known faults of SDKs."""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.support.checker.evidence import Seen

# These SDKs add the key of the record as `partitionkey`, and the time of reading as `time` to an event without one.
ADDING = ("javascript", "python")


def assert_same_record(record: Seen, line: Mapping[str, Any]) -> None:
    """Check that a client has read the bytes of a record."""
    key, value = _bytes(line["key"]), _bytes(line["value"])
    assert (key, value) == (record.key, record.value), record.place
    headers = Counter((name, _bytes(text)) for name, text in line["headers"] or ())
    assert headers == Counter(record.headers), record.place


def assert_same_event(record: Seen, line: Mapping[str, Any], language: str) -> None:
    """Check that an SDK has read the event of a record completely."""
    attributes, data = event_of(record)
    if fault := known_fault(attributes, record, language):
        assert line.get("error", "no error").startswith(fault), record.place
        return
    assert "error" not in line, f"{record.place} {record.headers}: {line['error']}"
    read = dict(line["attributes"])
    if language in ADDING:
        for name in {"partitionkey", "time"} - attributes.keys():
            read.pop(name, None)
    if "time" in attributes:
        assert _same_time(read.pop("time"), attributes.pop("time"), language), record.place
    assert read == attributes, record.place
    assert json.loads(line["data"]) == data, record.place


def known_fault(attributes: Mapping[str, str], record: Seen, language: str) -> str | None:
    """Return the error of an SDK that refuses an event which follows the specification."""
    # `time` is optional.
    if language == "javascript" and "time" not in attributes and record.header("ce_id") is None:
        return "RangeError: Invalid time value"
    # The key of a record may be any bytes.
    if language == "python" and record.key is not None and b"\xff" in record.key:
        return "UnicodeDecodeError"
    return None


def event_of(record: Seen) -> tuple[dict[str, str], Any]:
    """Return the attributes, as texts, and the data of an event in binary or structured mode."""
    assert record.value is not None, record.place
    body = json.loads(record.value)
    if record.need("content-type").startswith("application/cloudevents+json"):
        data = body.pop("data")
        return {name: str(value) for name, value in body.items()}, data
    attributes = {
        name.removeprefix("ce_"): value.decode()
        for name, value in record.headers
        if value is not None and name.startswith("ce_")
    }
    return {**attributes, "datacontenttype": record.need("content-type")}, body


def _same_time(read: str, written: str, language: str) -> bool:
    # A Date of JavaScript has milliseconds.
    precision = timedelta(milliseconds=1) if language == "javascript" else timedelta(microseconds=1)
    return abs(datetime.fromisoformat(read) - datetime.fromisoformat(written)) < precision


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
