"""Errors of the client library are converted to BrokerUnavailable; errors of the program's own output are not."""

import pytest
from aiokafka.errors import KafkaConnectionError

from consumers.kafka.session import BrokerUnavailable, answered
from service.settings import Settings

SETTINGS = Settings(kafka_bootstrap_servers="127.0.0.1:1")


async def test_an_error_names_the_broker() -> None:
    with pytest.raises(BrokerUnavailable, match=r"^Kafka at 127[.]0[.]0[.]1:1"):
        async with answered(SETTINGS, "READ"):
            raise KafkaConnectionError("gone")


async def test_a_closed_output_is_not_reported_as_a_broker_error() -> None:
    with pytest.raises(BrokenPipeError):
        async with answered(SETTINGS, "READ"):
            raise BrokenPipeError
