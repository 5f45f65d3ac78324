"""`producer-registry after-restore` raises the epoch, above that of the topics, and only when it is confirmed."""

from aiokafka import AIOKafkaProducer

from consumers.kafka.topic import create
from service.contract.topics import Topics
from service.settings import Settings
from service.store.pool import Connection
from service.store.position import BLOCK, EPOCH
from tests.support.program import on_a_terminal, program

KEPT = "SELECT epoch FROM database_identity"
NEXT = "SELECT nextval('outbox_block')"


async def test_the_epoch_is_raised_and_the_next_steps_are_named(database: Connection, database_url: str) -> None:
    ended = await program("after-restore", "--yes", database_url=database_url)
    assert (ended.code, ended.out) == (0, "")
    assert "REGISTRY_KAFKA_BOOTSTRAP_SERVERS is not set" in ended.err
    assert "the epoch was 1 and is 2 now" in ended.err
    assert "producer-registry resend" in ended.err
    assert await database.fetchval(KEPT) == 2
    assert await database.fetchval(NEXT) == 2 * EPOCH + 1


async def test_the_epoch_is_above_that_of_the_last_messages(
    database: Connection, database_url: str, kafka_bootstrap: str, topic_prefix: str
) -> None:
    topics = Topics(topic_prefix)
    await create(Settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix, partitions=2))
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    for topic, epoch in ((topics.outcomes, 1), (topics.user_events, 2), (topics.user_events, 4), (topics.outcomes, 3)):
        sequence = b"%020d" % (epoch * EPOCH * BLOCK + 7)
        await producer.send_and_wait(topic, b"{}", partition=1, headers=[("ce_sequence", sequence)])
    # Records of others without a position do no harm.
    await producer.send_and_wait(topics.group_events, b"{}", partition=0, headers=[("ce_sequence", b"x")])
    await producer.send_and_wait(topics.group_events, b"{}", partition=1)
    await producer.stop()

    ended = await program(
        "after-restore",
        "--yes",
        database_url=database_url,
        kafka_bootstrap_servers=kafka_bootstrap,
        topic_prefix=topic_prefix,
    )

    assert ended.code == 0, ended.err
    assert "is 5 now" in ended.err
    assert await database.fetchval(KEPT) == 5


async def test_nothing_is_raised_without_confirmation(database: Connection, database_url: str) -> None:
    ended = await program("after-restore", database_url=database_url)
    assert ended.code == 2
    assert "--yes" in ended.err
    refused = await on_a_terminal("n\n", "after-restore", database_url=database_url)
    assert refused.code == 1
    assert "not raised" in refused.err
    assert await database.fetchval(KEPT) is None
    assert (await on_a_terminal("y\n", "after-restore", database_url=database_url)).code == 0
    assert await database.fetchval(KEPT) == 2


async def test_a_database_without_migrations_is_refused(empty_database_url: str) -> None:
    ended = await program("after-restore", "--yes", database_url=empty_database_url)
    assert ended.code == 1
    assert "run `producer-registry migrate`" in ended.err


async def test_a_broker_that_does_not_answer_is_reported(database: Connection, database_url: str) -> None:
    away = "127.0.0.1:1"
    ended = await program("after-restore", "--yes", database_url=database_url, kafka_bootstrap_servers=away)
    assert ended.code == 1
    assert away in ended.err
    assert await database.fetchval(KEPT) is None
