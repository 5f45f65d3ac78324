"""The housekeeping loop goes on whatever a sweep meets."""

import pytest

from service.cli.housekeeping import housekeep
from service.settings import Settings
from service.store.errors import StoreDefect, StoreRace, StoreUnavailable
from service.store.maintenance import Swept
from service.telemetry import INBOX_ROWS, PRUNED


class _Enough(Exception):
    pass


@pytest.mark.parametrize("trouble", [StoreUnavailable("away"), StoreRace("deadlock"), StoreDefect("refused")])
async def test_sweeps_go_on_when_the_database_refused_one(trouble: Exception) -> None:
    answers = iter([trouble, None, Swept(forgotten=7, remembered=11)])
    before = PRUNED._value.get()
    waits: list[float] = []

    async def sweep(_settings: Settings) -> Swept | None:
        answer = next(answers, _Enough())
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    with pytest.raises(_Enough):
        await housekeep(Settings(), sweep, sleep)

    assert PRUNED._value.get() - before == 7
    assert INBOX_ROWS._value.get() == 11
    assert len(waits) == 4, "one before the first sweep and one after each"
