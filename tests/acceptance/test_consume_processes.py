"""Processes start and stop: each command is decided once, by any process."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from tests.support.checker.evidence import Seen
from tests.support.checker.state_topic import unexplained_copies
from tests.support.process import health
from tests.support.registry import Registry
from tests.support.wait import eventually
from tests.support.wire import binary_event


def name(number: int) -> dict[str, str]:
    return {"displayName": f"Organization {number}"}


async def test_all_state_is_kept_when_the_service_is_restarted(registry: Registry) -> None:
    first = await registry.started()
    await registry.accepted("organization.put", "kept:1", name(1), id="before")
    assert await first.stop() == 0, first.last_lines()
    await registry.command("organization.put", "kept:1", name(2), id="between")
    await registry.command("organization.put", "kept:1", name(3), id="before")
    first.start()
    outcome = await registry.outcome("between")
    assert outcome.data["version"] == 2
    repeated = await registry.outcomes_when("before", 2)
    assert repeated[0].value == repeated[1].value
    events = await registry.events_when("kept:1", 2)
    assert [event.text["ce_entityversion"] for event in events] == ["1", "2"]


async def test_the_service_continues_after_a_restart_when_the_last_records_were_one_batch(registry: Registry) -> None:
    service = await registry.started()
    attributes = {"specversion": "1.0", "source": "/test", "type": "producer-registry.organization.put.v1"}
    records = (
        binary_event({**attributes, "id": f"b{number}", "subject": f"batch:{number}"}, name(number))
        for number in range(20)
    )
    await registry.send_together(registry.topics.operator_commands, 0, records)
    for number in range(20):
        await registry.outcome(f"b{number}")
    assert await service.stop() == 0, service.last_lines()
    service.start()
    await registry.accepted("organization.put", "batch:20", name(20), id="b20")


async def test_two_processes_share_the_work_and_publish_each_message_once(registry: Registry) -> None:
    one, two = await registry.started_all((), ())
    for number in range(200):
        await registry.command(
            "organization.put", f"share:{number % 20}", name(number), id=f"s{number}", key=f"k{number}"
        )
    await eventually(
        lambda: sum(out.topic == registry.topics.outcomes for out in registry.out) >= 200,
        deadline=60,
        what="200 outcomes",
    )
    for subject in range(20):
        events = await registry.events_when(f"share:{subject}", 10)
        assert [event.text["ce_entityversion"] for event in events] == [str(version) for version in range(1, 11)]
    states = [
        Seen(out.topic, out.partition, out.offset, out.key, out.value, out.headers)
        for out in registry.out
        if out.topic in registry.topics.states.values()
    ]
    assert len(registry.out) - len(states) == 400, "each event and each outcome once"
    assert unexplained_copies(states) == 0, "each state record once"
    assert [await one.stop(), await two.stop()] == [0, 0], one.last_lines() + two.last_lines()


async def test_a_process_that_hangs_keeps_no_outcome_from_the_others(registry: Registry) -> None:
    hanging, _ = await registry.started_all((), ())
    hanging.send(signal.SIGSTOP)
    for number in range(40):
        await registry.command("organization.put", f"hung:{number}", name(number), id=f"h{number}", key=f"k{number}")
    # The partitions and the shards of the outbox, for which its operating system still holds a connection, move.
    await eventually(
        lambda: all(registry.outcomes(f"h{number}") for number in range(40)), deadline=90, what="all outcomes"
    )


async def test_order_per_subject_holds_in_a_burst_with_different_keys_and_topics(
    registry: Registry,
) -> None:
    first = await registry.started()
    await registry.accepted("organization.put", "once:org", name(0), id="once-org")
    product = {"name": "Auto", "institution_id": "i", "product_line": "l"}
    await registry.accepted("product.put", "once:product", product, id="once-product")
    body = {"type": "region", "value": "start", "distributor_id": "once:org"}
    groups = [f"once:group-{number}" for number in range(3)]
    for group in groups:
        await registry.accepted("group.create", group, body, id=f"{group}-create")
    assert await first.stop() == 0, first.last_lines()

    def of_turn(group: str, turn: int) -> Coroutine[Any, Any, tuple[int, int]]:
        id_, key = f"{group}-{turn}", f"key-{turn % 7}"
        if turn % 3:
            return registry.command("group.update", group, {**body, "value": f"V{turn}"}, id=id_, key=key)
        kind = "group.grant-product" if turn % 2 == 0 else "group.revoke-product"
        return registry.command(kind, group, {"product_id": "once:product"}, id=id_, key=key)

    await asyncio.gather(*(of_turn(group, turn) for turn in range(60) for group in groups))
    # Small batches: the first process must not take all records in one batch.
    await registry.started_all((), (), batch_max_records=10)
    for group in groups:
        outcomes = [await registry.outcome(f"{group}-{turn}") for turn in ("create", *range(60))]
        reported = {id_ for outcome in outcomes for id_ in outcome.data.get("events", ())}
        events = await registry.events_when(group, len(reported))
        assert {event.text["ce_id"] for event in events} == reported, "the outcomes name the published events"
        assert [event.text["ce_entityversion"] for event in events] == [str(n) for n in range(1, len(reported) + 1)]
        assert len({event.partition for event in events}) == 1
        assert len(events) > 40, "every update changes the group"
    answered = Counter(out.data["command"]["id"] for out in registry.out if out.topic == registry.topics.outcomes)
    assert len(answered) == 185
    assert set(answered.values()) == {1}, "each command has one outcome"


async def test_the_other_process_takes_over_when_one_is_killed(registry: Registry) -> None:
    one, _two = await registry.started_all((), ())
    await registry.accepted("organization.put", "over:1", name(0), id="o0")
    await one.kill()
    for number in range(1, 40):
        await registry.command("organization.put", "over:1", name(number), id=f"o{number}", key=f"k{number}")
    for number in range(40):
        await registry.outcome(f"o{number}")
    # Messages that the killed process had sent but not deleted are published twice, with the same id.
    assert await registry.versions("over:1", 40) == [str(version) for version in range(1, 41)]


async def test_separate_roles_do_the_same_as_one_process(registry: Registry) -> None:
    processes = await registry.started_all(*(("--role", role) for role in ("consumers", "relay", "api")))
    outcome = await registry.accepted("organization.put", "roles:1", name(1), id="roles-1")
    [event] = await registry.events_when("roles:1", 1)
    assert outcome.data["events"] == [event.text["ce_id"]]
    assert [await process.stop() for process in processes] == [0, 0, 0]


async def test_a_process_without_a_broker_is_alive_and_not_ready(registry: Registry) -> None:
    service = registry.service(kafka_bootstrap_servers="127.0.0.1:1")
    service.start()
    await eventually(lambda: health(service.admin_port, "/livez"), what="the admin port")
    assert await health(service.admin_port, "/livez", seconds=30) == 200
    assert await health(service.admin_port, "/readyz", seconds=30) == 503
    assert await health(service.admin_port, "/metrics", seconds=30) == 200
    assert await service.stop() == 0, service.last_lines()


async def test_the_consumer_stops_with_a_reason_when_too_many_records_are_dead_lettered(registry: Registry) -> None:
    service = await registry.started(dead_letter_window=10, dead_letter_minimum=5)
    for _ in range(30):
        await registry.send(registry.topics.commands, b"same key", json.dumps({}).encode())
    assert await service.gone(), service.last_lines()
    assert service.code == 1
    assert "more than half" in service.last_lines(3)
    assert len(registry.dead_letters) <= 5
