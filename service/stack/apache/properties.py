"""The server.properties of a node that is broker and controller in one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from service.stack.port import HOST

SETTINGS = {
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
}


def render(
    node: int, port: int, controllers: Sequence[int], data: Path, settings: Mapping[str, str] | None = None
) -> str:
    """Return the file's text for a node (from 1) that serves clients on a port.

    `controllers` are the controller ports of all nodes, in order. Three nodes keep three copies of everything and
    accept a write on two (`min.insync.replicas`).
    """
    copies = min(3, len(controllers))
    enough = max(1, copies - 1)
    voters = ",".join(f"{number}@{HOST}:{controller}" for number, controller in enumerate(controllers, start=1))
    lines = {
        "process.roles": "broker,controller",
        "node.id": str(node),
        "listeners": f"CLIENT://{HOST}:{port},CONTROLLER://{HOST}:{controllers[node - 1]}",
        "advertised.listeners": f"CLIENT://{HOST}:{port}",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": voters,
        "log.dirs": str(data),
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(enough),
        "offsets.topic.replication.factor": str(copies),
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(enough),
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": str(enough),
        **SETTINGS,
        **(settings or {}),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())
