"""The command topic of an installation, as the API needs to know it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.contract.topics import Topics
from service.store.offset_fence import Origin


async def _unknown() -> Origin | None:
    return None


@dataclass(frozen=True, slots=True)
class CommandTopic:
    """The names of the topics, and the cluster and the command topic as they are now.

    `origin` returns None when the broker does not answer, or none is configured.
    """

    topics: Topics
    origin: Callable[[], Awaitable[Origin | None]] = _unknown
