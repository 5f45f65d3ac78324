"""The relay is not ready until what failed succeeds, whatever else succeeds meanwhile."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import asyncpg
import pytest

from consumers.health import Health
from consumers.relay import held_retry, relay
from service.settings import Settings
from tests.integration.consumers.process import Broker, Process
from tests.integration.consumers.test_refusals import INVALID
from tests.integration.consumers.test_relay import arrived, empty, held_all, operator_log, puts
from tests.support import privilege
from tests.support.wait import eventually

RELAY = "relay"
FAILURES = 5


class Recorded(Health):
    """Records each report about the relay: the reason, or None when it is ready."""

    def __init__(self) -> None:
        self.reports: list[str | None] = []
        super().__init__([RELAY])

    def mark_ready(self, part: str) -> None:
        """Record it."""
        self.reports.append(None)
        super().mark_ready(part)

    def mark_not_ready(self, part: str, reason: str) -> None:
        """Record it."""
        self.reports.append(reason)
        super().mark_not_ready(part, reason)

    def since_failed(self) -> list[str | None]:
        """Return the reports from the first failure on."""
        failed = [index for index, reason in enumerate(self.reports) if reason is not None]
        return self.reports[failed[0] :] if failed else []


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the outbox and retry held messages often, so that there are many chances to become ready."""
    monkeypatch.setattr(relay, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(held_retry, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(held_retry, "REST_FACTOR", 0)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Resources of a test."""
    async with AsyncExitStack() as stack:
        yield stack


LACKS = ["DELETE on outbox_frame", "SELECT on outbox_frame", "SELECT on outbox_held", "DELETE on outbox_held"]


@pytest.mark.parametrize("relays", [1, 2])
@pytest.mark.parametrize("lacks", LACKS)
async def test_a_relay_without_a_privilege_is_not_ready_until_it_has_it(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", stack: AsyncExitStack, lacks: str, relays: int
) -> None:
    broker, log = Broker(), operator_log()
    url = await stack.enter_async_context(privilege.less(settings.database_url, lacks))
    if lacks == "DELETE on outbox_held":
        # Messages that were held before can be sent again now.
        broker.refuses = lambda _: INVALID
        async with Process(settings, broker).running() as before:
            await held_all(before)
            puts(log, 3)
            await before.apply(log.read())
            await eventually(lambda: empty(database), what="messages that are held")
        broker.refuses = lambda _: None
    writer = Process(settings, broker)
    puts(log, 3)
    await writer.apply(log.read())
    await writer.store.close()
    healths = [Recorded() for _ in range(relays)]
    for health in healths:
        process = Process(settings.model_copy(update={"database_url": url}), broker, health)
        await stack.enter_async_context(process.running())
    role = urlsplit(url).username

    def failed() -> bool:
        assert sum(len(health.since_failed()) for health in healths) >= FAILURES
        return True

    await eventually(failed, deadline=60, what="failures")
    for health in healths:
        assert None not in health.since_failed(), "ready, although the same would fail again"
        assert all(f"the role {role} lacks {lacks}" in str(reason) for reason in health.since_failed())
    await database.execute(f"GRANT {lacks} TO {role}")
    await eventually(lambda: [h.readiness() for h in healths] == [{RELAY: None}] * relays, what="readiness")
    await arrived(broker, len(log.records) * 2)
    await eventually(lambda: empty(database), what="an empty outbox")


async def test_an_idle_relay_is_ready_again_when_the_work_that_failed_is_done_by_another_one(
    settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", stack: AsyncExitStack
) -> None:
    broker, log, health = Broker(), operator_log(), Recorded()
    url = await stack.enter_async_context(privilege.less(settings.database_url, "DELETE ON outbox_frame"))
    writer = Process(settings, broker)
    puts(log, 3)
    await writer.apply(log.read())
    await writer.store.close()
    process = Process(settings.model_copy(update={"database_url": url}), broker, health)
    await stack.enter_async_context(process.running())
    await eventually(lambda: len(health.since_failed()) >= FAILURES, deadline=60, what="failures")
    await database.execute("DELETE FROM outbox_frame")
    seen = len(health.reports)
    await eventually(lambda: len(health.reports) >= seen + FAILURES, what="probes that fail")
    assert None not in health.since_failed(), "without frames it cannot know whether it could delete them"
    await database.execute(f"GRANT DELETE ON outbox_frame TO {urlsplit(url).username}")
    await eventually(lambda: health.readiness() == {RELAY: None}, what="readiness")
