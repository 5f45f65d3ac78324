"""The housekeeping loop continues after a failed sweep."""

import pytest

from service.cli.housekeeping import housekeep
from service.settings import Settings
from service.store.errors import StoreDefect, StoreRace, StoreUnavailable
from service.store.maintenance import Swept
from service.telemetry import INBOX_ROWS, PRUNED


class _LastSweep(Exception):
    pass


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreRace("deadlock"), StoreDefect("refused")])
async def test_sweeps_continue_after_an_error_of_the_database(error: Exception) -> None:
    results = iter([error, None, Swept(forgotten=7, remembered=11)])
    before = PRUNED._value.get()
    waits: list[float] = []

    async def sweep(_settings: Settings) -> Swept | None:
        result = next(results, _LastSweep())
        if isinstance(result, Exception):
            raise result
        return result

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    with pytest.raises(_LastSweep):
        await housekeep(Settings(), sweep, sleep)

    assert PRUNED._value.get() - before == 7
    assert INBOX_ROWS._value.get() == 11
    assert len(waits) == 4, "one before the first sweep and one after each"
