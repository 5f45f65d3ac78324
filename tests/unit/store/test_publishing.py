"""Which outbox rows have to be looked for, and which are certain not to be there."""

from service.store.publishing import BLOCK, Publishing

HELD = frozenset({0, 1})


def _batch(publishing: Publishing, block: int, oldest: int, transaction: int, found: list[int] | None = None) -> bool:
    """Let a batch of ours, with this transaction id, take `block`; answers whether it had to scan."""
    scan = publishing.scan(block, oldest, transaction)
    publishing.scanned(scan, block, found or [], ours=True, whole=True)
    return scan is not None


def test_everything_is_scanned_when_the_process_is_new() -> None:
    publishing = Publishing(HELD)

    scan = publishing.scan(7, oldest_running=100, transaction=100)

    assert scan is not None
    assert (scan.first, scan.before, scan.own) == (0, 7 * BLOCK, [])


def test_nothing_is_scanned_when_all_blocks_are_ours_and_the_past_is_over() -> None:
    publishing = Publishing(HELD)
    assert _batch(publishing, 7, oldest=100, transaction=100)
    assert _batch(publishing, 8, oldest=101, transaction=101), "who took a block before 7 is older than 101: over"

    assert not _batch(publishing, 9, oldest=102, transaction=102)
    assert not _batch(publishing, 10, oldest=50, transaction=103), "an old transaction elsewhere has no old block"


def test_a_missing_block_is_scanned_until_its_transaction_is_surely_over() -> None:
    publishing = Publishing(HELD)
    for number in range(4):
        _batch(publishing, 7 + number, oldest=100 + number, transaction=100 + number)

    assert _batch(publishing, 12, oldest=104, transaction=106), "block 11 is of somebody else"
    assert _batch(publishing, 13, oldest=105, transaction=107), "it was begun before 107, and 105 still runs"
    assert _batch(publishing, 14, oldest=106, transaction=108), "106 may have taken it too: it began before 107"
    assert _batch(publishing, 15, oldest=107, transaction=109), "it is over now, so this scan sees it"
    assert not _batch(publishing, 16, oldest=110, transaction=110)


def test_a_block_is_not_given_up_when_its_transaction_is_younger_than_every_one_that_is_over() -> None:
    publishing = Publishing(HELD)
    for number in range(4):
        _batch(publishing, 7 + number, oldest=100 + number, transaction=100 + number)

    # Transaction 105 took block 11 and runs on; ours is 104, the end of its snapshot is 104 too.
    assert _batch(publishing, 12, oldest=104, transaction=104)
    for number in range(3):
        again = _batch(publishing, 13 + number, oldest=105, transaction=106 + number)
        assert again, "105 still runs, and may have written into block 11"


def test_own_blocks_are_left_out_of_a_scan() -> None:
    publishing = Publishing(HELD)
    _batch(publishing, 7, oldest=100, transaction=100)

    scan = publishing.scan(9, oldest_running=101, transaction=101)

    assert scan is not None
    assert scan.own == [7]


def test_looking_again_needs_no_transaction_when_nothing_was_written_meanwhile() -> None:
    publishing = Publishing(HELD)
    for transaction in (100, 101):
        assert publishing.needs_transaction == (transaction == 101)
        scan = publishing.scan(8, oldest_running=transaction, transaction=transaction)
        publishing.scanned(scan, 8, [], ours=False, whole=True)

    assert not publishing.needs_transaction
    publishing.scanned(publishing.scan(8, 102, None), 8, [], ours=False, whole=True)
    assert publishing.scan(8, 102, None) is None


def test_a_row_is_handed_out_once_until_it_is_deleted() -> None:
    publishing = Publishing(HELD)
    _batch(publishing, 7, oldest=100, transaction=100, found=[3 * BLOCK + 5])

    assert publishing.is_handed(3 * BLOCK + 5)
    publishing.deleted([(3 * BLOCK, 3 * BLOCK + 9)])
    assert not publishing.is_handed(3 * BLOCK + 5)


def test_own_rows_wait_in_the_table_when_the_scan_met_its_limit() -> None:
    publishing = Publishing(HELD)
    scan = publishing.scan(7, oldest_running=100, transaction=100)
    publishing.scanned(scan, 7, [1, 2], ours=True, whole=False)

    again = publishing.scan(8, oldest_running=101, transaction=101)

    assert again is not None
    assert again.own == [], "block 7 was not handed out, the next scan has to find it"
    assert again.first == 0


def test_everything_is_handed_out_again_after_a_reset() -> None:
    publishing = Publishing(HELD)
    _batch(publishing, 7, oldest=100, transaction=100, found=[5])
    publishing.reset(frozenset({4}))

    scan = publishing.scan(8, oldest_running=101, transaction=101)

    assert publishing.held == {4}
    assert scan is not None
    assert (scan.first, scan.own) == (0, [])
    assert not publishing.is_handed(5)


def test_nothing_is_scanned_when_no_shard_is_held() -> None:
    assert Publishing().scan(7, oldest_running=100, transaction=100) is None
