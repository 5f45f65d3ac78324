"""Start a server of the stack on a port, or adopt the process of an earlier run that is still running."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from service.stack import port as ports
from service.stack.child import Child
from service.stack.errors import StackError

TRIES = 5
PAUSE_SECONDS = 0.2
LOST_PORT = ("Address already in use", "AddrInUse")
# The last processes of a killed PostgreSQL may not have released its shared memory yet.
LINGERING = ("shared memory block",)


async def start_or_adopt(
    child: Child,
    launch: Callable[[int], None],
    ready: Callable[[], Awaitable[bool]],
    *,
    requested_port: int,
    setting: str,
    seconds: float,
) -> bool:
    """Adopt the running process of the child's folder, or launch one, and wait until it is ready.

    With `requested_port` 0, the port is the previous one of the folder or a free one. Returns whether a process was
    adopted. Raises StackError if the running process has another port than the requested one, if the port is in use, or
    if the server does not become ready within `seconds`.
    """
    if child.adopt():
        if requested_port not in (0, child.port):
            running = f"{child.name} of {child.folder} is still running on port {child.port} (pid {child.pid})"
            child.release()
            raise StackError(f"{running}: set {setting} to that port or to 0, or stop the process first")
        await child.until(ready, seconds=seconds)
        return True
    for tries_left in reversed(range(TRIES)):
        port = ports.choose(requested_port or child.port, server=child.name, setting=setting)
        launch(port)
        try:
            await child.until(ready, seconds=seconds)
        except StackError:
            await child.stop(signal.SIGTERM, seconds=seconds)
            if not tries_left or not _is_temporary(child, requested_port):
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return False
    raise AssertionError("the last try returns or raises")


def _is_temporary(child: Child, requested_port: int) -> bool:
    printed = child.printed()
    if not requested_port and any(word in printed for word in LOST_PORT):
        # Another process took the port between the check and the start: select another port.
        child.port = 0
        return True
    return any(word in printed for word in LINGERING)
