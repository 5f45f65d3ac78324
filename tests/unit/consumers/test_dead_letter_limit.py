"""The limit of dead letters."""

from consumers.reading.dead_letter_limit import DeadLetterLimit

TP = ("registry.commands.v1", 3)
OTHER = ("registry.commands.v1", 4)


def records(dead_letters: int, good: int = 0, tp: tuple[str, int] = TP) -> list[tuple[tuple[str, int], bool]]:
    return [(tp, True)] * dead_letters + [(tp, False)] * good


def test_all_records_may_be_processed_below_the_minimum() -> None:
    limit = DeadLetterLimit(window=10, minimum=4)
    assert limit.capacity(records(dead_letters=3)) == 3
    assert limit.add(records(dead_letters=3)) is None


def test_the_record_that_exceeds_the_limit_is_the_last_one_processed() -> None:
    limit = DeadLetterLimit(window=10, minimum=4)
    assert limit.capacity(records(dead_letters=20)) == 4
    assert limit.add(records(dead_letters=4)) == TP


def test_half_of_the_records_do_not_exceed_the_limit() -> None:
    limit = DeadLetterLimit(window=10, minimum=4)
    assert limit.add(records(dead_letters=5, good=5)[::-1]) is None
    assert limit.add(records(dead_letters=1)) == TP


def test_old_records_do_not_count_when_they_left_the_window() -> None:
    limit = DeadLetterLimit(window=4, minimum=4)
    limit.add(records(dead_letters=3))
    assert limit.add(records(dead_letters=0, good=4)) is None
    assert limit.capacity(records(dead_letters=2)) == 2
    assert limit.add(records(dead_letters=3)) == TP


def test_partitions_are_counted_separately() -> None:
    limit = DeadLetterLimit(window=10, minimum=4)
    assert limit.add(records(dead_letters=3) + records(dead_letters=3, tp=OTHER)) is None


def test_capacity_changes_no_count() -> None:
    limit = DeadLetterLimit(window=10, minimum=4)
    limit.capacity(records(dead_letters=20))
    assert limit.capacity(records(dead_letters=20)) == 4
