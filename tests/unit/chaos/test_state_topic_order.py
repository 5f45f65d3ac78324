"""The checker finds state records of a key that are out of order, and allows what a restore of the database makes."""

from dataclasses import replace

import pytest

from service.store.position import BLOCK, EPOCH
from tests.support.checker.evidence import Seen
from tests.support.checker.state_topic import check_order, unexplained_copies

ROLE = b'{"role": {}}'


def record(offset: int, epoch: int, number: int, version: int, value: bytes | None = ROLE) -> Seen:
    """Return the record of a position, which is a number within an epoch."""
    headers = {
        "ce_id": f"{epoch}-{number}",
        "ce_sequence": str(epoch * EPOCH * BLOCK + number),
        "ce_entityversion": str(version),
        "ce_type": "producer-registry.role.snapshot.v1",
    }
    encoded = tuple((name, text.encode()) for name, text in headers.items())
    return Seen("directory.state", 0, offset, b"role/producer", value, encoded)


RISING = record(0, 1, 1, 1), record(1, 1, 2, 2)
ENDED = record(0, 1, 1, 1), record(1, 1, 2, 2, None), record(2, 1, 3, 3)
LOST = record(0, 1, 9, 7), record(1, 2, 1, 3)
REMOVED = record(0, 1, 9, 7), record(1, 2, 1, 7, None), record(2, 2, 2, 1)
DUPLICATE = record(0, 1, 1, 1), record(1, 1, 1, 1), record(2, 1, 2, 2)


@pytest.mark.parametrize("records", [RISING, ENDED, LOST, REMOVED, DUPLICATE])
def test_records_in_order_are_right(records: tuple[Seen, ...]) -> None:
    assert list(check_order([*records])) == []


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ((record(0, 1, 1, 2), record(1, 1, 2, 1)), ["order of states"]),
        ((record(0, 1, 1, 2, None), record(1, 1, 2, 1)), ["order of states"]),
        ((record(0, 2, 1, 2), record(1, 2, 2, 1)), ["order of states"]),
        ((record(0, 1, 2, 2), record(1, 1, 1, 1)), ["order of states", "order of states", "older record last"]),
        ((record(0, 1, 1, 1), record(1, 1, 2, 2), record(2, 1, 1, 1)), ["older record last"]),
    ],
)
def test_records_out_of_order_are_found(records: tuple[Seen, ...], found: list[str]) -> None:
    assert [violation.kind for violation in check_order([*records])] == found


ONE, TWO, THREE = (record(0, 1, number, number) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("records", "count"),
    [
        ((ONE, TWO, THREE), 0),
        # A relay sends the newest record again, if there was an older one.
        ((ONE, TWO, TWO, THREE), 0),
        ((ONE, TWO, TWO, THREE, THREE), 0),
        ((ONE, ONE, TWO), 1),
        ((ONE, TWO, ONE), 1),
        ((ONE, TWO, TWO, TWO), 1),
        ((ONE, ONE), 1),
    ],
)
def test_copies_that_no_relay_sends_of_itself_are_counted(records: tuple[Seen, ...], count: int) -> None:
    placed = [replace(seen, offset=offset) for offset, seen in enumerate(records)]
    assert unexplained_copies(placed) == count
