"""Checks of the stack before it starts a server: ports, given addresses and pid files."""

import socket
from pathlib import Path

import pytest

from service.stack import port as ports
from service.stack.apache import properties
from service.stack.child import Child
from service.stack.errors import StackError
from service.stack.stack import Stack


def test_the_error_for_a_used_port_names_the_port_and_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"PostgreSQL cannot listen on 127.0.0.1:{number}.*--postgres-port"):
            ports.choose(number, server="PostgreSQL", setting="--postgres-port")


def test_a_free_port_is_chosen_when_none_is_given() -> None:
    number = ports.choose(0, server="PostgreSQL", setting="--postgres-port")
    assert ports.is_free(number)


async def test_nothing_is_started_when_both_addresses_are_given() -> None:
    async with Stack(database_url="postgresql://elsewhere/registry", bootstrap_servers="elsewhere:9092") as stack:
        assert stack.database_url == "postgresql://elsewhere/registry"
        assert stack.bootstrap_servers == "elsewhere:9092"
        assert not stack.starts_empty, "a broker that was not started here keeps its records"


def test_a_pid_file_of_another_process_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text('{"pid": 1, "port": 5432, "command": ["postgres", "-D", "elsewhere"]}')
    assert not Child("PostgreSQL", tmp_path).adopt()


def test_a_broken_pid_file_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text('{"pid": 1, "po')
    assert not Child("PostgreSQL", tmp_path).adopt()


def test_three_nodes_have_three_replicas_and_a_write_requires_two() -> None:
    text = properties.render(2, 9092, [1001, 1002, 1003], Path("data"))
    assert "controller.quorum.voters=1@127.0.0.1:1001,2@127.0.0.1:1002,3@127.0.0.1:1003\n" in text
    assert "default.replication.factor=3\nmin.insync.replicas=2\n" in text
    assert "listeners=CLIENT://127.0.0.1:9092,CONTROLLER://127.0.0.1:1002\n" in text


def test_one_node_has_one_replica() -> None:
    text = properties.render(1, 9092, [1001], Path("data"), {"message.max.bytes": "2000000"})
    assert "default.replication.factor=1\nmin.insync.replicas=1\n" in text
    assert text.endswith("message.max.bytes=2000000\n")
