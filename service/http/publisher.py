"""How a command of a request gets to Kafka. The implementation is in `consumers`, which this package does not know."""

from typing import NamedTuple, Protocol

from service.contract.sending import CommandRecord


class Acknowledgement(NamedTuple):
    """The partition and the offset of a record that all replicas have."""

    partition: int
    offset: int


class NotPublished(Exception):
    """The command was not published, and will not be."""


class MaybePublished(Exception):
    """The broker did not confirm the command in time, or failed: it may be published, now or later."""


class Publisher(Protocol):
    """Publishes commands."""

    async def publish(self, record: CommandRecord, seconds: float) -> Acknowledgement:
        """Publish a command, and return where it is when all replicas have it.

        Raises NotPublished and MaybePublished, at the latest after `seconds`.
        """
