"""A chunk of frames: the messages to send, the held messages, and the settled frames."""

from collections.abc import Collection

from consumers.relay.chunk import Chunk, OutboxChanges
from consumers.relay.held_keys import BEHIND, HeldKeys
from consumers.relay.refusal import Refusal
from service.contract.message import Message
from service.store.frame import Frame, messages_of
from service.store.held_store import CORRUPT
from tests.unit.consumers.outbox_stub import (
    FORBIDDEN,
    INVALID,
    LATE,
    contents,
    damaged,
    frame,
    message,
    positions,
    row,
)


def chunk(*frames: Frame, sent: Collection[int] = ()) -> Chunk:
    before = {(m.position, m.id) for one in frames for m in messages_of(one) if m.position in sent} if sent else set()
    return Chunk(frames, before)


def refuse(some: Chunk, refusal: Refusal, *at: int) -> None:
    some.take((), dict.fromkeys(at, refusal))


def rest(changes: OutboxChanges) -> list[list[int]]:
    return [positions(messages_of(one)) for one in changes.rest]


def behind(*messages: Message, reason: str = "OLD") -> HeldKeys:
    held = HeldKeys()
    held.add(row(*messages, reason=reason))
    return held


def test_a_frame_is_settled_when_all_of_it_is_sent() -> None:
    some = chunk(frame(message(1), message(2)), frame(message(3)))
    assert positions(some.waiting(HeldKeys())) == [1, 2, 3]
    some.take([1, 2], {})
    settled = some.take_settled()
    assert (settled.done, settled.held, settled.rest, {position for position, _ in settled.sent}) == (
        [1],
        [],
        [],
        {1, 2},
    )
    assert positions(some.waiting(HeldKeys())) == [3]
    some.take([3], {})
    assert some.take_settled().done == [3]
    assert not some


def test_nothing_is_settled_while_a_frame_has_messages_to_send() -> None:
    some = chunk(frame(message(1), message(2)))
    some.take([1], {})
    assert some.take_settled().done == []
    assert positions(some.waiting(HeldKeys())) == [2]


def test_a_message_is_sent_when_another_one_was_sent_at_its_position() -> None:
    some = Chunk([frame(message(1), message(2))], {(1, "of a restored database")})
    assert positions(some.waiting(HeldKeys())) == [1, 2]


def test_a_message_is_not_sent_again_when_it_was_sent_before_the_frame_was_read() -> None:
    some = chunk(frame(message(1), message(2)), sent=[1])
    assert positions(some.waiting(HeldKeys())) == [2]
    assert positions(some.waiting(behind(message(0, b"other")))) == [2]


def test_the_rest_of_a_frame_is_written_when_the_chunk_is_abandoned() -> None:
    some = chunk(frame(message(1), message(2), message(3, b"other")), frame(message(4)))
    some.take([1], {3: INVALID})
    settled = some.take_settled(whole=True)
    assert (settled.done, rest(settled)) == ([1], [[2]])
    assert contents(settled.held) == [([3], "key", "INVALID_RECORD")]
    assert not some


def test_a_refused_message_holds_its_key_and_nothing_else_when_the_record_is_refused() -> None:
    some = chunk(frame(message(1), message(2), message(3, b"other")), frame(message(4, topic="outcomes")))
    refuse(some, INVALID, 1)
    assert positions(some.waiting(HeldKeys())) == [3, 4]
    some.take([3, 4], {})
    settled = some.take_settled()
    assert settled.done == [1, 4]
    assert contents(settled.held) == [([1, 2], "key", "INVALID_RECORD")]


def test_messages_of_a_refused_key_are_held_in_later_frames_when_the_first_is_not_settled() -> None:
    some = chunk(frame(message(1), message(2, b"other")), frame(message(3), message(4, b"other")))
    refuse(some, LATE, 1)
    assert positions(some.waiting(HeldKeys())) == [2, 4]
    assert some.take_settled().done == []
    some.take([2, 4], {})
    assert contents(some.take_settled().held) == [([1], "key", LATE.reason), ([3], "key", LATE.reason)]


def test_held_messages_stay_in_the_chunk_while_an_earlier_frame_of_their_queue_stays() -> None:
    some = chunk(frame(message(1), message(2, None)), frame(message(3)), frame(message(4, b"other")))
    held = behind(message(0))
    assert positions(some.waiting(held)) == [2, 4]
    some.take([4], {})
    settled = some.take_settled()
    # If 3 were held now, a retry could send it while 1 is still here.
    assert (settled.done, settled.held) == ([4], [])
    some.take([2], {})
    settled = some.take_settled()
    assert (settled.done, contents(settled.held)) == ([1, 3], [([1], "key", "OLD"), ([3], "key", "OLD")])


def test_held_messages_of_another_queue_do_not_wait() -> None:
    some = chunk(frame(message(1, b"other")), frame(message(2, topic="outcomes")), frame(message(3, shard=1)))
    refuse(some, LATE, 2, 3)
    assert positions(some.waiting(HeldKeys())) == [1]
    assert some.take_settled().done == [2, 3]


def test_held_messages_and_the_rest_before_them_are_written_together_when_the_chunk_is_abandoned() -> None:
    some = chunk(frame(message(1), message(2, None)), frame(message(3)))
    assert positions(some.waiting(behind(message(0)))) == [2]
    changes = some.take_settled(whole=True)
    assert (changes.done, rest(changes)) == ([1, 3], [[2]])
    assert contents(changes.held) == [([1], "key", "OLD"), ([3], "key", "OLD")]


def test_messages_behind_a_refused_one_are_held_with_it_when_the_chunk_is_abandoned() -> None:
    some = chunk(frame(message(1), message(2), message(3, b"other"), message(4)), frame(message(5)))
    refuse(some, INVALID, 1, 4)
    changes = some.take_settled(whole=True)
    # A message in the outbox would be published after those that are held, and 2 comes before 4.
    assert contents(changes.held) == [([1, 2, 4], "key", INVALID.reason), ([5], "key", INVALID.reason)]
    assert rest(changes) == [[3]]


def test_a_refused_message_holds_only_itself_when_it_has_no_key() -> None:
    some = chunk(frame(message(1, None), message(2, None), message(3)))
    refuse(some, INVALID, 1)
    assert positions(some.waiting(HeldKeys())) == [2, 3]


def test_only_the_whole_queue_is_held_when_a_topic_is_refused() -> None:
    some = chunk(
        frame(message(1), message(2, b"other"), message(3, None)),
        frame(message(4, topic="outcomes")),
        frame(message(5, shard=1)),
    )
    refuse(some, FORBIDDEN, 1)
    assert positions(some.waiting(HeldKeys())) == [4, 5]
    some.take([4, 5], {})
    assert contents(some.take_settled().held) == [([1, 2, 3], "topic", FORBIDDEN.reason)]


def test_a_message_is_held_for_the_same_reason_when_its_key_was_held_before() -> None:
    some, held = chunk(frame(message(5), message(6, b"other"))), behind(message(1))
    assert positions(some.waiting(held)) == [6]
    some.take([6], {})
    assert contents(some.take_settled().held) == [([5], "key", "OLD")]


def test_a_message_stays_held_when_its_key_becomes_free_before_the_frame_is_settled() -> None:
    some, held = chunk(frame(message(5), message(6, b"other")), frame(message(7))), behind(message(1))
    assert positions(some.waiting(held)) == [6]
    assert positions(some.waiting(HeldKeys())) == [6]
    some.take([6], {})
    assert contents(some.take_settled().held) == [([5], "key", "OLD"), ([7], "key", "OLD")]


def test_a_corrupt_frame_is_held_with_all_later_messages_of_its_queue() -> None:
    bad = damaged(frame(message(3)))
    some = chunk(frame(message(1)), bad, frame(message(5)), frame(message(6, topic="outcomes")))
    assert positions(some.waiting(HeldKeys())) == [1, 6]
    some.take([1, 6], {})
    settled = some.take_settled()
    assert sorted(settled.done) == [1, 3, 5, 6]
    first, second = settled.held
    assert (first.frame, first.scope) == (bad, "topic")
    assert first.reason.startswith(CORRUPT)
    assert contents([second]) == [([5], "topic", BEHIND)], "it stays when an operator discards by reason"
    assert (some.take_settled().done, bool(some)) == ([], False)


def test_messages_between_two_corrupt_frames_of_a_queue_are_held() -> None:
    some = chunk(damaged(frame(message(1))), frame(message(2)), damaged(frame(message(3))), frame(message(4)))
    assert some.waiting(HeldKeys()) == []
    assert sorted(some.take_settled().done) == [1, 2, 3, 4]
