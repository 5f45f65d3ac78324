"""Permissions that the broker denies, named as in an ACL.

The error of the client library has the resource only. The operation follows from the request, which the caller knows.
"""

from collections.abc import Iterable
from typing import Literal

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

Operation = Literal["READ", "WRITE", "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS"]


def lacks(operation: Operation, resource: str) -> str:
    """Return the text for a permission that is missing, such as READ on "the topic registry.commands.v1"."""
    return f"the Kafka user lacks {operation} on {resource}"


def denied(error: BaseException, operation: Operation, topic: str = "") -> str | None:
    """Return the name of the error and the permission that is missing; None if the error is another one.

    `operation` is what the request needs on its topics. `topic` is for errors that do not name one.
    """
    name = type(error).__name__
    match error:
        case TopicAuthorizationFailedError():
            topics = _names(error.args) or topic or "?"
            return f"{name}: {lacks(operation, f'the topic {topics}')}"
        case GroupAuthorizationFailedError():
            return f"{name}: {lacks('READ', f'the group {_names(error.args)}')}"
        case ClusterAuthorizationFailedError() if operation == "WRITE":
            # The broker gives a producer an id if it may write to any topic.
            return f"{name}: {lacks('WRITE', f'the topic {topic}' if topic else 'any topic')}"
    return None


def _names(args: Iterable[object]) -> str:
    """Return the names in the arguments of an error: the client library passes a text or a set of texts."""
    names = [one for given in args for one in (given if isinstance(given, set | frozenset) else (given,))]
    return ", ".join(sorted(str(name).removeprefix("topic ") for name in names))
