"""A test that takes too long is cancelled where it waits, so that its report shows that place and its end is in order.

pytest-timeout raises an error wherever the process is at that moment. For an asynchronous test that is inside the event
loop: the report would not show what the test waits for, and its task would go on during the tests after it. Inside the
code of a task or a transport, the error may be caught, and the test would never end.
"""

import asyncio
import io
import signal
from types import FrameType

import pytest

GRACE_SECONDS = 30.0
"""So long a cancelled test may take for its end; then pytest-timeout has its way."""


def cancel_when_overdue(item: pytest.Item, seconds: float) -> None:
    """Let the alarm that pytest-timeout has set cancel the task that the event loop runs for the test, if there is one.

    The report gets the stacks of all tasks besides.
    """
    fail = signal.getsignal(signal.SIGALRM)
    if not callable(fail):
        return

    def overdue(number: int, frame: FrameType | None) -> None:
        task = _awaited(frame)
        if task is None:
            fail(number, frame)
            return
        item.add_report_section("call", "stacks of tasks", _stacks(asyncio.all_tasks(task.get_loop())))
        signal.signal(signal.SIGALRM, fail)
        # Repeated, because code that catches every exception, as that of transports does, would lose a single one.
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS, GRACE_SECONDS)
        # A loop that waits for input must wake up to see that something is to be done.
        task.get_loop().call_soon_threadsafe(task.cancel, f"Timeout (>{seconds:g}s)")

    signal.signal(signal.SIGALRM, overdue)


def _awaited(frame: FrameType | None) -> "asyncio.Task[object] | None":
    """The task for whose end the event loop runs; None when no loop runs."""
    while frame is not None:
        if frame.f_code is asyncio.BaseEventLoop.run_until_complete.__code__:
            task = frame.f_locals["future"]
            return task if isinstance(task, asyncio.Task) else None
        frame = frame.f_back
    return None


def _stacks(tasks: "set[asyncio.Task[object]]") -> str:
    text = io.StringIO()
    for task in tasks:
        task.print_stack(file=text)
    return text.getvalue()
