"""A key set without a usable key is read again soon, without a request."""

import asyncio

from service.http.jwks import KeySet
from tests.support.issuer import Issuer
from tests.support.wait import eventually


async def test_a_key_set_without_keys_is_read_again_without_a_request() -> None:
    right, second, tried = Issuer().jwks(), 0, []

    def read(_: str) -> bytes:
        tried.append(second)
        if second == 10:
            raise OSError("unavailable")
        return right if second > 20 else b'{"keys": []}'

    keys = KeySet("memory", ["ES256"], read=read, now=lambda: 1000.0 + second)
    for second in range(35):  # noqa: B007 - the clock of the key set reads it
        keys.keep_fresh()
        await asyncio.sleep(0)
        await eventually(lambda: keys._refreshing is None, what="the end of the refresh")
    assert tried == [0, 10, 11, 21]
    assert keys.usable
