"""The file server.properties of a node that is both broker and controller."""

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
    """Return the text of the file for a node (numbered from 1) that serves clients on a port.

    `controllers` are the controller ports of all nodes, in order. With three nodes, each partition has three replicas,
    and a write requires two (`min.insync.replicas`).
    """
    replicas = min(3, len(controllers))
    min_replicas = max(1, replicas - 1)
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
        "default.replication.factor": str(replicas),
        "min.insync.replicas": str(min_replicas),
        "offsets.topic.replication.factor": str(replicas),
        "transaction.state.log.replication.factor": str(replicas),
        "transaction.state.log.min.isr": str(min_replicas),
        "share.coordinator.state.topic.replication.factor": str(replicas),
        "share.coordinator.state.topic.min.isr": str(min_replicas),
        **SETTINGS,
        **(settings or {}),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())
