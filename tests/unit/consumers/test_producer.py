"""Idempotent producers: switched off only for the embedded broker, and only when its refusal repeats."""

from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, UnknownError
from structlog.testing import capture_logs

from consumers.kafka import producer as module
from consumers.kafka.cluster_identity import Identity
from consumers.kafka.producer import start_producer
from service.settings import Settings
from service.stack.apache.cluster import cluster_id
from service.stack.embedded_cluster import is_embedded, new_cluster_id


class Stub:
    """A producer that raises `error` at its start."""

    def __init__(self, error: Exception | None, *, idempotent: bool) -> None:
        self.error = error
        self.idempotent = idempotent
        self.stopped = False
        self.client = self

    async def start(self) -> None:
        if self.error is not None:
            raise self.error

    async def stop(self) -> None:
        self.stopped = True


class Broker:
    """Makes producers: those that are idempotent fail with these errors, one after the other."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.made: list[Stub] = []

    def make(self, idempotent: bool) -> Any:
        stub = Stub(self.errors.pop(0) if idempotent and self.errors else None, idempotent=idempotent)
        self.made.append(stub)
        return stub


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The id of the cluster, which tests may change."""
    ids = [new_cluster_id()]

    async def read(_client: object, _topics: object) -> Identity:
        return Identity(ids[0], {})

    monkeypatch.setattr(module, "read_cluster_identity", read)
    monkeypatch.setattr(module, "_reported", set())
    return ids


async def test_a_producer_is_idempotent() -> None:
    broker = Broker()
    await start_producer(Settings(), broker.make)
    assert [(stub.idempotent, stub.stopped) for stub in broker.made] == [(True, False)]


async def test_the_setting_avoids_the_attempt() -> None:
    broker = Broker(UnknownError())
    await start_producer(Settings(kafka_idempotent_producer=False), broker.make)
    assert [stub.idempotent for stub in broker.made] == [False]


async def test_the_embedded_broker_switches_it_off_with_one_warning(cluster: list[str]) -> None:
    broker = Broker(*(UnknownError() for _ in range(4)))
    with capture_logs() as logs:
        for _ in range(2):
            await start_producer(Settings(), broker.make)
    assert [(stub.idempotent, stub.stopped) for stub in broker.made] == [(True, True), (True, True), (False, False)] * 2
    assert [(line["event"], line["log_level"]) for line in logs] == [("idempotent_producer_off", "warning")]
    assert "REGISTRY_KAFKA_IDEMPOTENT_PRODUCER=false" in logs[0]["reason"]
    assert is_embedded(cluster[0])


@pytest.mark.usefixtures("cluster")
async def test_an_answer_that_does_not_repeat_switches_nothing_off() -> None:
    broker = Broker(UnknownError())
    with capture_logs() as logs:
        await start_producer(Settings(), broker.make)
    assert [(stub.idempotent, stub.stopped) for stub in broker.made] == [(True, True), (True, False)]
    assert logs == []


async def test_apache_kafka_never_switches_it_off(cluster: list[str]) -> None:
    cluster[0] = cluster_id()
    broker = Broker(UnknownError(), UnknownError())
    for _ in range(2):
        with pytest.raises(UnknownError):
            await start_producer(Settings(), broker.make)
    await start_producer(Settings(), broker.make)
    assert [(stub.idempotent, stub.stopped) for stub in broker.made] == [(True, True), (True, True), (True, False)]


async def test_another_cluster_at_the_second_attempt_switches_nothing_off(cluster: list[str]) -> None:
    class Replaced(Broker):
        def make(self, idempotent: bool) -> Any:
            if self.made:
                cluster[0] = cluster_id()
            return super().make(idempotent)

    with pytest.raises(UnknownError):
        await start_producer(Settings(), Replaced(UnknownError(), UnknownError()).make)


@pytest.mark.usefixtures("cluster")
async def test_other_errors_end_the_attempt() -> None:
    broker = Broker(KafkaConnectionError("away"), UnknownError(), KafkaConnectionError("away"))
    for _ in range(2):
        with pytest.raises(KafkaConnectionError):
            await start_producer(Settings(), broker.make)
    assert all(stub.idempotent and stub.stopped for stub in broker.made)


def test_ids_of_clusters_are_told_apart() -> None:
    assert all(is_embedded(new_cluster_id()) for _ in range(20))
    assert not any(is_embedded(cluster_id()) for _ in range(20))
    assert not is_embedded("producer-registry-1234")
    assert not is_embedded("")
