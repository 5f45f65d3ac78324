"""A publisher whose messages continue the traces of their commands."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from consumers.relay.publisher import Publisher
from consumers.relay.report import Report
from service.contract.message import Message
from service.settings import Settings

if TYPE_CHECKING:
    from service.tracing import Tracing


class TracedPublisher(Publisher):
    """Traces each attempt to send the messages that belong to a sampled trace."""

    def __init__(self, settings: Settings, tracing: "Tracing", **options: Any) -> None:
        super().__init__(settings, **options)
        self._tracing = tracing

    async def send(self, messages: Sequence[Message]) -> Report:
        """Send the messages as `Publisher` does."""
        with self._tracing.publication(messages) as sent:
            report = await super().send(messages)
            sent.update(report.sent)
        return report


def publisher(settings: Settings, tracing: "Tracing | None", *, held: bool = False) -> Publisher:
    """Return a publisher, which traces if the process does."""
    return Publisher(settings, held=held) if tracing is None else TracedPublisher(settings, tracing, held=held)
