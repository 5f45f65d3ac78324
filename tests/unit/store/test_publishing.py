"""Which outbox rows have to be looked for, and which are certain not to be there."""

from service.store.publishing import BLOCK, Publishing

HELD = frozenset({0, 1})


def _batch(publishing: Publishing, block: int, oldest: int, start: int, found: list[int] | None = None) -> bool:
    """Let a batch of ours take `block`; answers whether it had to scan."""
    scan = publishing.scan(block, oldest)
    publishing.scanned(scan, block, found or [], start, ours=True, whole=True)
    return scan is not None


def test_everything_is_scanned_when_the_process_is_new() -> None:
    publishing = Publishing(HELD)

    scan = publishing.scan(7, oldest_running=100)

    assert scan is not None
    assert (scan.first, scan.before, scan.own) == (0, 7 * BLOCK, [])


def test_nothing_is_scanned_when_all_blocks_are_ours_and_the_past_is_over() -> None:
    publishing = Publishing(HELD)
    assert _batch(publishing, 7, oldest=100, start=101)
    assert _batch(publishing, 8, oldest=101, start=102), "the scan that makes sure of the past is this one"

    assert not _batch(publishing, 9, oldest=102, start=103)
    assert not _batch(publishing, 10, oldest=50, start=104), "an old transaction elsewhere cannot take an old block"


def test_a_missing_block_is_scanned_until_its_transaction_is_surely_over() -> None:
    publishing = Publishing(HELD)
    _batch(publishing, 7, oldest=100, start=101)
    _batch(publishing, 8, oldest=101, start=102)
    _batch(publishing, 9, oldest=102, start=103)

    assert _batch(publishing, 11, oldest=103, start=110), "block 10 is of somebody else"
    assert _batch(publishing, 12, oldest=105, start=111), "it may still be running: it is older than 110"
    assert _batch(publishing, 13, oldest=110, start=112), "it is over now, so this scan sees it"
    assert not _batch(publishing, 14, oldest=112, start=113)


def test_own_blocks_are_left_out_of_a_scan() -> None:
    publishing = Publishing(HELD)
    _batch(publishing, 7, oldest=100, start=101)

    scan = publishing.scan(9, oldest_running=101)

    assert scan is not None
    assert scan.own == [7]


def test_a_row_is_handed_out_once_until_it_is_deleted() -> None:
    publishing = Publishing(HELD)
    _batch(publishing, 7, oldest=100, start=101, found=[3 * BLOCK + 5])

    assert publishing.is_handed(3 * BLOCK + 5)
    publishing.deleted([(3 * BLOCK, 3 * BLOCK + 9)])
    assert not publishing.is_handed(3 * BLOCK + 5)


def test_own_rows_wait_in_the_table_when_the_scan_met_its_limit() -> None:
    publishing = Publishing(HELD)
    scan = publishing.scan(7, oldest_running=100)
    publishing.scanned(scan, 7, [1, 2], 101, ours=True, whole=False)

    again = publishing.scan(8, oldest_running=101)

    assert again is not None
    assert again.own == [], "block 7 was not handed out, the next scan has to find it"
    assert again.first == 0


def test_everything_is_handed_out_again_after_a_reset() -> None:
    publishing = Publishing(HELD)
    _batch(publishing, 7, oldest=100, start=101, found=[5])
    publishing.reset(frozenset({4}))

    scan = publishing.scan(8, oldest_running=101)

    assert publishing.held == {4}
    assert scan is not None
    assert (scan.first, scan.own) == (0, [])
    assert not publishing.is_handed(5)


def test_nothing_is_scanned_when_no_shard_is_held() -> None:
    assert Publishing().scan(7, oldest_running=100) is None
