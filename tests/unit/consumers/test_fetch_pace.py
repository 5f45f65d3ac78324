"""A fetch is answered at once while commands come one at a time; a poll is short while the consumer starts."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher

from consumers.reading.consumer import POLL_MS, STARTING_POLL_MS, CommandConsumer
from consumers.reading.fetch_pace import COLLECT_BYTES, COLLECT_MS, IDLE_MS, pace


class StubFetcher:
    """The two options of a fetcher."""

    _fetch_min_bytes = 0
    _fetch_max_wait_ms = 0
    _records: dict[str, object]


@pytest.mark.parametrize(
    ("waited", "records", "options"),
    [
        pytest.param(True, 0, (1, IDLE_MS), id="nothing came"),
        pytest.param(True, 1, (1, IDLE_MS), id="one command came"),
        pytest.param(True, 2, (COLLECT_BYTES, COLLECT_MS), id="several came together"),
        pytest.param(False, 1, (COLLECT_BYTES, COLLECT_MS), id="one came during the batch before"),
        pytest.param(False, 2_000, (COLLECT_BYTES, COLLECT_MS), id="a backlog"),
    ],
)
def test_the_last_poll_decides_whether_records_are_collected(
    waited: bool, records: int, options: tuple[int, int]
) -> None:
    fetcher = StubFetcher()
    pace(fetcher, waited=waited, records=records)
    assert (fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms) == options


def test_the_fetcher_of_the_client_library_reads_both_options_for_each_request() -> None:
    names = Fetcher._get_actions_per_node.__code__.co_names
    assert {"_fetch_min_bytes", "_fetch_max_wait_ms"} <= set(names)


class Polled(CommandConsumer):
    """A consumer without a broker; `buffered` is what its fetcher has when the poll begins."""

    def __init__(self, buffered: dict[str, object], *, is_reading: bool = True) -> None:
        self._assignment = self
        self.is_reading = is_reading
        self._fetcher = StubFetcher()
        self._fetcher._records = buffered

    def __del__(self) -> None:
        """Without a broker nothing has to be closed."""

    async def poll(self, _consumer: object, once: Callable[[], Awaitable[Any]]) -> Any:
        return await once()

    def _check_tasks(self) -> None:
        pass


@pytest.mark.parametrize(("buffered", "bytes_"), [({}, 1), ({"commands-0": object()}, COLLECT_BYTES)])
async def test_a_poll_paces_the_next_fetch(
    buffered: dict[str, object], bytes_: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = Polled(buffered)

    async def getmany(*_: object, **__: object) -> dict[str, list[object]]:
        buffered.clear()
        return {"commands-0": [object()]}

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", getmany)
    await consumer.getmany()
    assert consumer._fetcher._fetch_min_bytes == bytes_


@pytest.mark.parametrize(("is_reading", "waits"), [(False, STARTING_POLL_MS), (True, POLL_MS)])
async def test_a_poll_is_short_until_the_consumer_reads(
    is_reading: bool, waits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []

    async def getmany(*_: object, timeout_ms: int, **__: object) -> dict[str, list[object]]:
        waited.append(timeout_ms)
        return {}

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", getmany)
    await Polled({}, is_reading=is_reading).getmany(timeout_ms=200)
    assert waited == [waits]
