"""One process consumes commands and publishes events and outcomes, with a real broker and a real database."""

import json

from confluent_kafka import Producer

from tests.support.raw_batch import Value
from tests.support.registry import Registry
from tests.support.wait import eventually
from tests.support.wire import binary_event, structured_event

ORGANIZATION = {"displayName": "Armstrong and Company"}


async def test_a_command_gives_its_event_and_its_outcome(shared: Registry) -> None:
    outcome = await shared.accepted("organization.put", "thread:1", ORGANIZATION, id="thread-1", key="thread:1")
    [event] = await shared.events_when("thread:1", 1)
    assert outcome.data["events"] == [event.text["ce_id"]]
    assert (outcome.key, event.key) == (b"thread:1", b"thread:1")
    assert event.text["ce_type"] == "producer-registry.organization.created.v1"
    assert event.data["organization"]["displayName"] == "Armstrong and Company"
    assert event.text["ce_causationid"] == "thread-1"


async def test_commands_of_the_cloudevents_sdk_are_decided_in_both_modes(shared: Registry) -> None:
    producer = Producer({"bootstrap.servers": shared.settings["kafka_bootstrap_servers"]})
    for write, name in ((binary_event, "binary"), (structured_event, "structured")):
        attributes = {"specversion": "1.0", "id": f"other-{name}", "source": "/other", "subject": f"other:{name}"}
        value, headers = write({**attributes, "type": "producer-registry.organization.put.v1"}, ORGANIZATION)
        producer.produce(shared.topics.operator_commands, value, b"other", headers=list(headers))
    assert producer.flush(10) == 0
    for name in ("binary", "structured"):
        outcome = await shared.outcome(f"other-{name}")
        assert outcome.text["ce_type"] == "producer-registry.command.accepted.v1"


async def test_a_repeated_command_gets_its_first_outcome_again_and_changes_nothing(shared: Registry) -> None:
    first = await shared.accepted("organization.put", "twice:1", ORGANIZATION, id="twice-1")
    await shared.command("organization.put", "twice:1", {"displayName": "Other"}, id="twice-1", key="another")
    first, again = await shared.outcomes_when("twice-1", 2)
    assert again.value == first.value, "the same bytes, although the body differs"
    assert again.text["ce_id"] == first.text["ce_id"]
    await shared.accepted("organization.put", "twice:2", ORGANIZATION, id="twice-after", key="another")
    assert len(shared.events("twice:1")) == 1


async def test_a_rejected_command_is_reported_with_every_error_and_its_path(shared: Registry) -> None:
    data = {"type": "office", "value": {"line1": "1 Main St"}, "distributor_id": "nobody", "colour": "red"}
    await shared.command("group.create", "refused:1", data, id="refused-1")
    outcome = await shared.outcome("refused-1")
    assert outcome.text["ce_type"] == "producer-registry.command.rejected.v1"
    errors = {(error["code"], error["path"]) for error in outcome.data["problem"]["errors"]}
    assert {("unknown-field", "/colour"), ("invalid", "/value/city")} <= errors
    assert shared.events("refused:1") == []


async def test_a_command_with_10_000_unknown_references_has_a_small_outcome(shared: Registry) -> None:
    groups = [f"nowhere-{number}" for number in range(10_000)]
    await shared.accepted("organization.put", "many:1", ORGANIZATION, id="many-o")
    data = {"name": "Ana Lima", "email": "ana@example.com", "organization": {"id": "many:1"}, "groups": groups}
    for _ in range(2):
        await shared.command("user.create", "many:2", data, id="many-1")
    first, again = await shared.outcomes_when("many-1", 2)
    problem = first.data["problem"]
    assert [error["path"] for error in problem["errors"]] == sorted(f"/groups/{n}" for n in range(10_000))[:20]
    assert problem["more"] == 9_980
    assert len(first.value or b"") < 4_096
    assert (again.value, again.text["ce_replayed"]) == (first.value, "true")


async def test_a_record_that_is_not_a_command_is_dead_lettered_unchanged(shared: Registry) -> None:
    headers = (("ce_id", b"\xff\xfe"), ("odd", b"\x00\xff"), ("empty", b""), ("none", None), ("odd", b"twice"))
    value, key = b"\x00\x01not json\xff", b"\xfe\xffkey"
    partition, offset = await shared.send(shared.topics.commands, key, value, headers)

    [letter] = await eventually(lambda: [out for out in shared.dead_letters if out.key == key], what="the dead letter")
    assert letter.value == value
    assert letter.headers[: len(headers)] == headers
    assert letter.text["dlq_reason"] == "not-a-cloudevent"
    assert letter.text["__connect.errors.topic"] == shared.topics.commands
    assert letter.text["__connect.errors.partition"] == str(partition)
    assert letter.text["__connect.errors.offset"] == str(offset)


async def test_commands_next_to_invalid_records_are_decided_in_order(shared: Registry) -> None:
    bad: list[tuple[bytes | None, tuple[tuple[str, bytes | None], ...]]] = [
        (None, ()),
        (b"{", (("ce_id", None),)),
        (b"[" * 5000, (("content-type", b"application/cloudevents+json"),)),
        (
            b'{"specversion":"1.0","id":"x","source":"s","type":"t","data":NaN}',
            (("content-type", b"application/cloudevents+json"),),
        ),
    ]
    for number in range(12):
        await shared.command("organization.put", "among:1", {"displayName": f"N{number}"}, id=f"among-{number}")
        value, headers = bad[number % len(bad)]
        await shared.send(shared.topics.operator_commands, b"key", value, (*headers, ("among", b"1")))
    await shared.outcome("among-11")
    events = await shared.events_when("among:1", 12)
    assert [event.text["ce_entityversion"] for event in events] == [str(version) for version in range(1, 13)]
    assert [event.data["organization"]["displayName"] for event in events] == [f"N{number}" for number in range(12)]
    await eventually(lambda: sum(out.text.get("among") == "1" for out in shared.dead_letters) == 12)


async def test_other_commands_are_decided_when_a_header_name_is_not_text(shared: Registry) -> None:
    attributes = {"specversion": "1.0", "source": "/test", "type": "producer-registry.organization.put.v1"}
    good = [binary_event({**attributes, "id": f"name-{n}", "subject": f"name:{n}"}, ORGANIZATION) for n in range(3)]
    none: Value = (b"no command", [(b"\xff", b"v")])
    odd: Value = (good[1][0], [*good[1][1], (b"\xff\xfe", b"v")])
    await shared.send_raw(shared.topics.operator_commands, [good[0], odd, none, good[2]])
    for number in range(3):
        outcome = await shared.outcome(f"name-{number}")
        assert outcome.text["ce_type"].endswith("accepted.v1"), "other headers do not affect a command"
    await eventually(lambda: [out for out in shared.dead_letters if out.value == b"no command"], what="the dead letter")


async def test_order_per_subject_holds_when_keys_and_topics_differ(shared: Registry) -> None:
    await shared.accepted("organization.put", "order:org", ORGANIZATION, id="order-org")
    await shared.accepted(
        "product.put", "order:product", {"name": "Auto", "institution_id": "i", "product_line": "l"}, id="order-product"
    )
    body = {"type": "region", "value": "start", "distributor_id": "order:org"}
    await shared.accepted("group.create", "order:group", body, id="order-create")
    for number in range(60):
        key = f"key-{number % 7}"
        if number % 3 == 0:
            kind = "group.grant-product" if number % 2 == 0 else "group.revoke-product"
            await shared.command(kind, "order:group", {"product_id": "order:product"}, id=f"order-{number}", key=key)
        else:
            value = {**body, "value": f"V{number}"}
            await shared.command("group.update", "order:group", value, id=f"order-{number}", key=key)
    outcomes = [await shared.outcome(f"order-{number}") for number in range(60)]
    accepted = [outcome for outcome in outcomes if outcome.text["ce_type"].endswith("accepted.v1")]
    events = await shared.events_when("order:group", len(accepted) + 1)
    assert [event.text["ce_entityversion"] for event in events] == [str(n) for n in range(1, len(events) + 1)]
    assert len({event.partition for event in events}) == 1
    assert json.loads(events[-1].value or b"")["group"]["version"] == len(events)
