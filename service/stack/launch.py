"""How every server of the stack comes up: taken up when it lives, else started on the wanted or a free port."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from service.stack import port as ports
from service.stack.child import Child
from service.stack.errors import StackError

TRIES = 5
PAUSE_SECONDS = 0.2
LOST_PORT = ("Address already in use", "AddrInUse")
# The last processes of a PostgreSQL that was killed still let go of its memory.
LINGERING = ("shared memory block",)


async def bring_up(
    child: Child,
    launch: Callable[[int], None],
    ready: Callable[[], Awaitable[bool]],
    *,
    wanted: int,
    setting: str,
    seconds: float,
) -> bool:
    """Take up the living process of the child's folder or launch one on a port, and wait until it is ready.

    `wanted` 0 means the port it had before, else a free one. Returns whether a process was taken up. Raises StackError
    when it lives on another port than the wanted one, when the port is taken, or when it does not get ready.
    """
    if child.adopt():
        if wanted not in (0, child.port):
            found = f"{child.name} of {child.folder} still lives on port {child.port} (pid {child.pid})"
            child.release()
            raise StackError(f"{found}: give that as {setting}, or 0, or stop it first")
        await child.until(ready, seconds=seconds)
        return True
    for left in reversed(range(TRIES)):
        port = ports.choose(wanted or child.port, server=child.name, setting=setting)
        launch(port)
        try:
            await child.until(ready, seconds=seconds)
        except StackError:
            await child.stop(signal.SIGTERM, seconds=seconds)
            if not left or not _may_pass(child, wanted):
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return False
    raise AssertionError("the last try returns or raises")


def _may_pass(child: Child, wanted: int) -> bool:
    printed = child.printed()
    if not wanted and any(word in printed for word in LOST_PORT):
        # Somebody took the free port between our look and the start: take another.
        child.port = 0
        return True
    return any(word in printed for word in LINGERING)
