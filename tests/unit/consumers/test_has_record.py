"""Whether the log has a record: asked with a client of its own, which is stopped whatever comes of it."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, OffsetOutOfRangeError

from consumers.reading import consumer
from consumers.reading.consumer import CommandConsumer

TP = TopicPartition("registry.commands.v1", 3)
ADDRESS = {"bootstrap_servers": "127.0.0.1:1", "client_id": "me"}


class StubClient:
    """A client that finds `record`, or raises it; a number is the position behind a control record, None no answer."""

    record: Any = None
    made: list["StubClient"]

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.calls: list[object] = []
        self.made.append(self)

    async def start(self) -> None:
        self.calls.append("start")

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.calls.append(("assign", partitions))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.calls.append(("seek", partition, offset))

    async def getmany(self, partition: TopicPartition, **_: object) -> Any:
        if isinstance(self.record, Exception):
            raise self.record
        return {partition: [self.record]} if hasattr(self.record, "offset") else {}

    async def position(self, partition: TopicPartition) -> Any:
        return self.record if isinstance(self.record, int) else 42

    async def stop(self) -> None:
        self.calls.append("stop")


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> CommandConsumer:
    """A consumer that knows how to reach the broker; the clients that it makes are stubs."""
    monkeypatch.setattr(StubClient, "made", [], raising=False)
    monkeypatch.setattr(consumer, "AIOKafkaConsumer", StubClient)
    monkeypatch.setattr(consumer, "HAS_RECORD_SECONDS", 0.01)
    asking = CommandConsumer.__new__(CommandConsumer)
    asking._connection = ADDRESS
    return asking


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        pytest.param(SimpleNamespace(offset=42), True, id="there"),
        pytest.param(SimpleNamespace(offset=43), False, id="only a later one"),
        pytest.param(43, True, id="a control record"),
        pytest.param(OffsetOutOfRangeError({}), False, id="out of range"),
        pytest.param(KafkaConnectionError("away"), KafkaConnectionError, id="broker away"),
        pytest.param(None, TimeoutError, id="no answer"),
    ],
)
async def test_the_client_that_looks_is_stopped_whatever_it_finds(
    asking: CommandConsumer, record: Any, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StubClient, "record", record)
    if isinstance(answer, bool):
        assert await asking.has_record(TP, 42) is answer
    else:
        with pytest.raises(answer):
            await asking.has_record(TP, 42)
    [client] = StubClient.made
    assert client.calls == ["start", ("assign", [TP]), ("seek", TP, 42), "stop"]
    assert client.options == {**ADDRESS, "enable_auto_commit": False, "auto_offset_reset": "none"}
