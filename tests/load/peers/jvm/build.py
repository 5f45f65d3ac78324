"""Compile the JVM peer, and describe how it is started."""

import shutil
import subprocess
from functools import partial
from pathlib import Path

from service.contract.schemas import dataschema
from service.stack.apache.classpath import resolve, tool
from service.stack.errors import StackError
from tests.load.complete import Tables, check
from tests.load.contender import Contender

FOLDER = Path(__file__).parent
NAME = "(f) JVM, one outbox row per message"
TOOLS = ("java", "javac", "mvn")
TABLES = Tables("peer_inbox", "status = 'accepted'", "peer_outbox")
WARM = 0.75
"""The part of the commands that is not measured: CPU time per command still falls after 50,000, as code is compiled."""

MESSAGES = (
    "producer-code.created",
    "producer-code.updated",
    "group.producer-code-added",
    "user.producer-code-added",
    "command.accepted",
    "command.unchanged",
    "command.rejected",
)
FLAGS = ("-Xms512m", "-Xmx512m", "-XX:+UseParallelGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


def missing() -> list[str]:
    """Return the required programs that are not on the PATH."""
    return [name for name in TOOLS if shutil.which(name) is None]


def build(classes: Path) -> Contender:
    """Compile the peer into a folder. Raises StackError, with the missing programs or the output of a failed one."""
    if lacking := missing():
        names = ", ".join(lacking)
        raise StackError(f"the JVM peer requires {names} on the PATH: install a JDK (17 or newer) and Maven")
    path = resolve(FOLDER / "pom.xml")
    options = ["-Werror", "-Xlint:all,-processing,-path", "-proc:none", "-cp", path, "-d", str(classes)]
    done = subprocess.run(
        [tool("javac"), *options, str(FOLDER / "RegistryPeer.java")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StackError(f"the JVM peer does not compile:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Contender(
        NAME,
        (tool("java"), *FLAGS, "-cp", f"{classes}:{path}", "RegistryPeer"),
        settings={"JVM_PEER_SCHEMAS": ",".join(f"{name}={dataschema(name)}" for name in MESSAGES)},
        check=partial(check, tables=TABLES),
    )
