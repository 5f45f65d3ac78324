"""A background task of the Kafka client that has failed is noticed at the next poll."""

import asyncio
from types import SimpleNamespace

import pytest

from consumers.reading.assignment import ConsumerBroken
from consumers.reading.consumer import CommandConsumer

TASKS = ("coordination", "fetch", "metadata")


@pytest.mark.parametrize("broken", [*TASKS, None])
async def test_a_failed_task_of_the_client_is_an_error_of_the_poll(broken: str | None) -> None:
    tasks = {name: asyncio.get_running_loop().create_future() for name in TASKS}
    consumer: CommandConsumer = object.__new__(CommandConsumer)
    consumer._coordinator = SimpleNamespace(_coordination_task=tasks["coordination"])
    consumer._fetcher = SimpleNamespace(error_future=tasks["fetch"])
    consumer._client = SimpleNamespace(_sync_task=tasks["metadata"])
    if broken is None:
        consumer._check_tasks()
        return
    tasks[broken].set_exception(KeyError("a defect of the client"))
    with pytest.raises(ConsumerBroken, match="a defect of the client"):
        consumer._check_tasks()
