"""Keep the keys of the token issuer fresh, and report them as a part of the readiness of the API."""

import asyncio
from typing import Final

from consumers.health import Health
from service.http.jwks import KeySet
from service.telemetry import JWKS_AGE

KEYS: Final = "keys"
"""The part that is not ready while no token can be verified."""

CHECK_SECONDS: Final = 1.0

FIRST_SECONDS: Final = 0.02
"""Time between two checks until the keys were read once, or could not be read: the process is not ready before."""


async def watch_keys(keys: KeySet, health: Health) -> None:
    """Refresh the keys when it is due. A failed refresh is a note while the keys are still valid."""
    while True:
        pause = CHECK_SECONDS
        keys.keep_fresh()
        JWKS_AGE.set(keys.age)
        if keys.usable:
            health.mark_ready(KEYS)
            health.note(KEYS, keys.problem)
        elif keys.problem is not None:
            health.note(KEYS, None)
            health.mark_not_ready(KEYS, keys.problem)
        else:
            pause = FIRST_SECONDS
        await asyncio.sleep(pause)
