"""What the client library says becomes one error of ours; what our own output says does not."""

import pytest
from aiokafka.errors import KafkaConnectionError

from consumers.kafka.session import BrokerUnavailable, answered
from service.settings import Settings

SETTINGS = Settings(kafka_bootstrap_servers="127.0.0.1:1")


async def test_an_error_names_the_broker() -> None:
    with pytest.raises(BrokerUnavailable, match=r"^Kafka at 127[.]0[.]0[.]1:1"):
        async with answered(SETTINGS):
            raise KafkaConnectionError("gone")


async def test_the_broker_is_not_blamed_when_our_output_is_closed() -> None:
    with pytest.raises(BrokenPipeError):
        async with answered(SETTINGS):
            raise BrokenPipeError
