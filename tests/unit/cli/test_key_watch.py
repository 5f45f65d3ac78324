"""The keys of the token issuer are looked at often until they were read, so that a start does not wait for them."""

import asyncio
from itertools import takewhile
from types import SimpleNamespace

import pytest

from consumers.health import Health
from service.cli import key_watch
from service.cli.key_watch import CHECK_SECONDS, FIRST_SECONDS, KEYS, watch_keys
from service.http.jwks import KeySet
from tests.support.issuer import Issuer
from tests.support.wait import eventually

TRUSTED = Issuer()


@pytest.mark.parametrize("is_readable", [True, False])
async def test_checks_are_frequent_until_the_keys_were_read_or_could_not_be_read(
    is_readable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0.001)

    def read(_: str) -> bytes:
        if is_readable:
            return TRUSTED.jwks()
        raise OSError("refused")

    monkeypatch.setattr(key_watch, "asyncio", SimpleNamespace(sleep=sleep))
    health = Health([KEYS])
    watching = asyncio.create_task(watch_keys(KeySet("memory", ["ES256"], read=read), health))
    await eventually(lambda: CHECK_SECONDS in pauses, what="the pause between two checks")
    watching.cancel()
    await asyncio.wait((watching,))
    assert list(takewhile(lambda seconds: seconds == FIRST_SECONDS, pauses)), "the first check comes before the keys"
    assert set(pauses) == {FIRST_SECONDS, CHECK_SECONDS}
    assert (health.readiness()[KEYS] is None) == is_readable
