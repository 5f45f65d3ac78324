"""A cluster of Apache Kafka nodes in KRaft mode on 127.0.0.1. Each node is a child process."""

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
from service.stack.launch import start_or_adopt

SETTING = "--kafka-port"
READY_SECONDS = 90.0
STOP_SECONDS = 20.0
STARTED = "Kafka Server started"
# Only the startup message and warnings are logged: more would fill the disk in a long run.
LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.log.kafka.server=info")
HEAP = ("-Xms256m", "-Xmx512m")
# The optimizing compiler and the parallel collector take more CPU time than they save within the first minutes.
QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def cluster_id(token: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return a random cluster id in Kafka's format: 16 bytes in 22 characters.

    It never begins with a dash, which the tool that formats the storage would parse as an option.
    """
    while (name := base64.urlsafe_b64encode(token(16)).decode().rstrip("=")).startswith("-"):
        pass
    return name


class Apache:
    """Apache Kafka with one node, or with three nodes that replicate all partitions.

    Without a folder, the cluster uses a temporary one that `stop` removes. `port` is that of the first node; 0 selects
    free ports. `settings` are broker settings of Kafka. `start` adopts the nodes of the folder that are still running
    and starts the others. It can be called again to restart a node that was killed through `nodes`. Nodes start with
    little CPU time; with `for_load`, they take more of it in the first minutes, and less under load afterwards.
    """

    def __init__(
        self,
        folder: Path | None = None,
        port: int = 0,
        *,
        nodes: int = 1,
        settings: Mapping[str, str] | None = None,
        for_load: bool = False,
    ) -> None:
        self._temporary = folder is None
        self._requested_port = port
        self._settings = settings
        self._jvm_options = HEAP if for_load else (*HEAP, *QUICK_START)
        self.folder = folder or reaper.temporary_folder("kafka")
        names = [f"node-{number}" for number in range(1, nodes + 1)]
        self.nodes = [Child(f"Apache Kafka ({name})", self.folder.resolve() / name) for name in names]
        self._controllers: list[int] = []

    @property
    def address(self) -> str:
        """The bootstrap servers, separated by commas."""
        return ",".join(f"{ports.HOST}:{node.port}" for node in self.nodes)

    async def start(self) -> None:
        """Start the nodes that are not running, and wait until all have joined the cluster.

        Raises StackError if java, Maven or a free port is missing, or if a node does not start.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop all nodes and remove a temporary folder."""
        # A temporary folder is removed, so its nodes do not need a clean shutdown.
        number = signal.SIGKILL if self._temporary else signal.SIGTERM
        await asyncio.gather(*(node.stop(number, seconds=STOP_SECONDS) for node in self.nodes))
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    async def _start(self) -> None:
        java, path = classpath.tool("java"), await asyncio.to_thread(classpath.resolve)
        alive = [node.adopt() for node in self.nodes]
        id_ = self._load_plan(keep_ports=any(alive))
        for number, node in enumerate(self.nodes, start=1):
            if not (node.folder / "data" / "meta.properties").exists():
                await asyncio.to_thread(self._format, number, id_, java, path)
        await asyncio.gather(*(self._bring_up(number, java, path) for number in range(1, len(self.nodes) + 1)))

    async def _bring_up(self, number: int, java: str, path: str) -> None:
        node = self.nodes[number - 1]

        def launch(port: int) -> None:
            file = self._write_properties(number, port)
            node.launch([java, *self._jvm_options, *LOGGING, "-cp", path, "kafka.Kafka", str(file)], port=port)

        async def ready() -> bool:
            return STARTED in node.printed() and await ports.broker_answers(node.port)

        requested_port = self._requested_port if number == 1 else 0
        await start_or_adopt(node, launch, ready, requested_port=requested_port, setting=SETTING, seconds=READY_SECONDS)

    def _load_plan(self, *, keep_ports: bool) -> str:
        """Read or create the cluster id, and the controller ports, which running nodes already use. Return the id."""
        file = self.folder / "cluster.json"
        saved = json.loads(file.read_text()) if file.exists() else {}
        id_: str = saved.get("id") or cluster_id()
        self._controllers = saved.get("controllers", [])
        if not keep_ports and not (self._controllers and all(map(ports.is_free, self._controllers))):
            self._controllers = []
            while len(self._controllers) < len(self.nodes):
                port = ports.choose(0, server="a Kafka controller", setting=SETTING)
                if port not in (*self._controllers, self._requested_port):
                    self._controllers.append(port)
        self.folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"id": id_, "controllers": self._controllers}))
        return id_

    def _write_properties(self, number: int, port: int) -> Path:
        folder = self.nodes[number - 1].folder
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "server.properties"
        file.write_text(properties.render(number, port, self._controllers, folder / "data", self._settings))
        return file

    def _format(self, number: int, id_: str, java: str, path: str) -> None:
        # The formatted folder does not depend on the port of the client listener, so the port does not matter here.
        file = self._write_properties(number, 1)
        tool = [java, *QUICK_START, LOGGING[0], "-cp", path, "kafka.tools.StorageTool"]
        command = [*tool, "format", "-t", id_, "-c", str(file), "--ignore-formatted"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(
                f"the storage of Apache Kafka cannot be formatted:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
