"""A cluster of Apache Kafka nodes in KRaft mode on 127.0.0.1, each a child process of its own."""

import asyncio
import base64
import json
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from service.stack import port as ports
from service.stack import reaper
from service.stack.apache import classpath, properties
from service.stack.child import Child
from service.stack.errors import StackError
from service.stack.launch import bring_up

SETTING = "--kafka-port"
READY_SECONDS = 90.0
STOP_SECONDS = 20.0
STARTED = "Kafka Server started"
# Its own word that it started, and warnings; more would fill the disk of a long run.
LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.log.kafka.server=info")
HEAP = ("-Xms256m", "-Xmx512m")


def cluster_id(token: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A random id of a cluster: 16 bytes in 22 characters, as Kafka makes them.

    None begins with a dash: the tool that formats the storage would take it for an option.
    """
    while (name := base64.urlsafe_b64encode(token(16)).decode().rstrip("=")).startswith("-"):
        pass
    return name


class Apache:
    """Apache Kafka with one node, or three that replicate everything.

    The folder is kept when given, else temporary and removed by stop; `port` is the first node's, 0 takes free ones.
    `settings` are Kafka's own, by name. start takes up the nodes of the folder that still live and starts the others,
    so that a node killed through `nodes` comes back by another start.
    """

    def __init__(
        self, folder: Path | None = None, port: int = 0, *, nodes: int = 1, settings: Mapping[str, str] | None = None
    ) -> None:
        self._temporary = folder is None
        self._wanted_port = port
        self._settings = settings
        self.folder = folder or reaper.temporary_folder("kafka")
        names = [f"node-{number}" for number in range(1, nodes + 1)]
        self.nodes = [Child(f"Apache Kafka ({name})", self.folder.resolve() / name) for name in names]
        self._controllers: list[int] = []

    @property
    def address(self) -> str:
        """The bootstrap servers, separated by commas."""
        return ",".join(f"{ports.HOST}:{node.port}" for node in self.nodes)

    async def start(self) -> None:
        """Start the nodes that do not live, and wait until all have joined the cluster.

        Raises StackError when java, Maven or a port is missing, or a node does not come up.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop all nodes and remove a temporary folder."""
        # What is thrown away need not be put in order first.
        number = signal.SIGKILL if self._temporary else signal.SIGTERM
        await asyncio.gather(*(node.stop(number, seconds=STOP_SECONDS) for node in self.nodes))
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    async def _start(self) -> None:
        java, path = classpath.tool("java"), await asyncio.to_thread(classpath.resolve)
        alive = [node.adopt() for node in self.nodes]
        identity = self._plan(keep_ports=any(alive))
        for number, node in enumerate(self.nodes, start=1):
            if not (node.folder / "data" / "meta.properties").exists():
                await asyncio.to_thread(self._format, number, identity, java, path)
        await asyncio.gather(*(self._bring_up(number, java, path) for number in range(1, len(self.nodes) + 1)))

    async def _bring_up(self, number: int, java: str, path: str) -> None:
        node = self.nodes[number - 1]

        def launch(port: int) -> None:
            file = self._write(number, port)
            node.launch([java, *HEAP, *LOGGING, "-cp", path, "kafka.Kafka", str(file)], port=port)

        async def ready() -> bool:
            return STARTED in node.printed() and await ports.broker_answers(node.port)

        wanted = self._wanted_port if number == 1 else 0
        await bring_up(node, launch, ready, wanted=wanted, setting=SETTING, seconds=READY_SECONDS)

    def _plan(self, *, keep_ports: bool) -> str:
        """Return the cluster's id and settle the controllers' ports, which living nodes already know."""
        file = self.folder / "cluster.json"
        kept = json.loads(file.read_text()) if file.exists() else {}
        identity: str = kept.get("id") or cluster_id()
        self._controllers = kept.get("controllers", [])
        if not keep_ports and not (self._controllers and all(map(ports.is_free, self._controllers))):
            self._controllers = []
            while len(self._controllers) < len(self.nodes):
                port = ports.choose(0, server="a Kafka controller", setting=SETTING)
                if port not in (*self._controllers, self._wanted_port):
                    self._controllers.append(port)
        self.folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"id": identity, "controllers": self._controllers}))
        return identity

    def _write(self, number: int, port: int) -> Path:
        folder = self.nodes[number - 1].folder
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "server.properties"
        file.write_text(properties.render(number, port, self._controllers, folder / "data", self._settings))
        return file

    def _format(self, number: int, identity: str, java: str, path: str) -> None:
        # The port of the clients' listener is not kept in the formatted folder.
        file = self._write(number, 1)
        tool = [java, LOGGING[0], "-cp", path, "kafka.tools.StorageTool", "format", "-t", identity, "-c", str(file)]
        done = subprocess.run([*tool, "--ignore-formatted"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"Kafka's storage cannot be formatted:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
