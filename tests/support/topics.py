"""The topics of a registry, created and ready for use."""

from consumers.kafka.leader import missing_leaders
from consumers.kafka.session import BrokerUnavailable
from consumers.kafka.topic import create
from service.settings import Settings
from tests.support.wait import eventually


async def create_topics(settings: Settings) -> None:
    """Create the topics, and wait until every partition has a leader: Apache Kafka creates topics with a delay."""
    await create(settings)

    await leaders_missing(settings, [])


async def leaders_missing(settings: Settings, expected: list[str]) -> None:
    """Wait until exactly these partitions have no leader that accepts requests, each with the reason."""

    async def as_expected() -> bool:
        try:
            missing = await missing_leaders(settings)
        except BrokerUnavailable as error:
            # A node that was killed belongs to the cluster until its session ends.
            missing = [str(error)]
        assert missing == expected
        return True

    await eventually(as_expected, deadline=60, what="the leaders")
