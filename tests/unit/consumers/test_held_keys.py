"""Held messages: the keys and topics that wait, and when they are free again."""

import pytest

from consumers.relay.held_keys import HeldKeys
from consumers.relay.refusal import InvalidRecordError
from tests.unit.consumers.outbox_stub import FORBIDDEN, INVALID, damaged, message, row

QUEUE = (0, "events")


def test_nothing_waits_when_nothing_is_held() -> None:
    held = HeldKeys()
    assert not held
    assert not held.blocks(message(1))
    assert held.queues() == {}


def test_a_held_key_waits_only_in_its_topic_and_shard() -> None:
    held = HeldKeys()
    held.add(row(message(1)))
    assert held.blocks(message(2))
    assert not held.blocks(message(2, b"other"))
    assert not held.blocks(message(2, topic="outcomes"))
    assert held.hold_for(QUEUE) == ("key", "INVALID_RECORD")
    assert held.queues() == {QUEUE: -1}


def test_a_message_without_key_holds_only_itself() -> None:
    held = HeldKeys()
    held.add(row(message(1, None)))
    assert not held.blocks(message(2, None))
    assert not held.blocks(message(2))
    assert held.by_topic() == {"events": (1, "INVALID_RECORD")}


def test_a_key_is_free_only_when_it_has_no_held_message() -> None:
    held, first, second = HeldKeys(), row(message(1), message(2)), row(message(3), message(4, b"other"))
    held.add(first)
    held.add(second)
    held.remove(first)
    assert held.blocks(message(5))
    held.remove(second)
    assert not held.blocks(message(5))
    assert not held
    assert (held.queues(), held.by_topic()) == ({}, {})
    held.add(row(message(6), reason="NEW"))
    assert held.hold_for(QUEUE) == ("key", "NEW")


def test_the_whole_queue_waits_when_it_has_a_topic_hold() -> None:
    held, hold = HeldKeys(), row(message(1), scope="topic", reason="FORBIDDEN")
    held.add(hold)
    assert held.blocks(message(2, b"other"))
    assert held.blocks(message(2, None))
    assert not held.blocks(message(2, topic="outcomes"))
    assert not held.blocks(message(2, shard=1))
    assert held.hold_for(QUEUE) == ("topic", "FORBIDDEN")
    held.add(row(message(3, b"third")))
    held.remove(hold)
    assert held.hold_for(QUEUE)[0] == "key"
    assert not held.blocks(message(4, b"other"))
    assert held.blocks(message(4, b"third"))


def test_the_whole_queue_waits_when_the_keys_of_a_row_cannot_be_read() -> None:
    held, good = HeldKeys(), row(message(1))
    bad = type(good)(damaged(good.frame), "key", "broken")
    held.add(bad)
    assert held.blocks(message(2, b"other"))
    held.remove(bad)
    assert not held.blocks(message(2, b"other"))


def test_loading_replaces_all_entries() -> None:
    held = HeldKeys()
    held.add(row(message(1), scope="topic"))
    held.add(row(message(2, topic="outcomes")))
    held.load([row(message(3, b"new"))])
    assert held.blocks(message(4, b"new"))
    assert not held.blocks(message(4))
    assert held.queues() == {QUEUE: -1}
    assert held.by_topic() == {"events": (1, "INVALID_RECORD")}


def test_messages_are_counted_by_topic_over_all_shards() -> None:
    held = HeldKeys()
    held.add(row(message(1), message(2)))
    held.add(row(message(3, shard=1), scope="topic"))
    held.add(row(message(4, topic="outcomes"), reason="OTHER"))
    assert held.by_topic() == {"events": (3, "INVALID_RECORD"), "outcomes": (1, "OTHER")}


def test_messages_without_key_wait_from_a_refusal_until_one_is_accepted() -> None:
    held, tried = HeldKeys(), message(1, None)
    held.add(row(tried))
    held.learn_keyless([tried], set(), {1: FORBIDDEN})
    assert not held.blocks(message(2, None))
    held.learn_keyless([tried], set(), {1: INVALID})
    assert held.blocks(message(2, None))
    assert held.blocks(message(2, None, shard=1)), "the setting of a topic applies to all shards"
    assert not held.blocks(message(2, None, topic="outcomes"))
    assert not held.blocks(message(2))
    assert held.hold_for((1, "events")) == ("key", InvalidRecordError.message)
    held.learn_keyless([tried], {1}, {})
    assert not held.blocks(message(2, None))


@pytest.mark.parametrize("refused", [{}, {1: FORBIDDEN}], ids=["no answer", "topic refused"])
def test_a_keyless_refusal_is_remembered_when_a_try_says_nothing_about_keys(refused: dict[int, object]) -> None:
    held, tried = HeldKeys(), message(1, None)
    held.add(row(tried))
    held.learn_keyless([tried], set(), {1: INVALID})
    held.learn_keyless([tried], set(), refused)  # type: ignore[arg-type]
    assert held.blocks(message(2, None))
