"""A validator of JSON Schema whose patterns are those of ECMA-262, as the standard says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    # In ECMA-262, $ is the end of the text only. In Python, a line feed may follow.
    return re.compile(re.sub(r"\$$", r"\\Z", pattern))


def _pattern(_validator: Any, pattern: str, instance: object, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and _expression(pattern).search(instance) is None:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # has no types


def schema_validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Return a validator of a schema; formats are not checked, because patterns say the same."""
    validator: Draft202012Validator = _Validator(schema)
    return validator
