"""A task of the service that fails unexpectedly ends the process with the reason."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from click.testing import CliRunner

from consumers.reading.settlement import Settlement
from consumers.run import Consumers
from consumers.shutdown import Shutdown
from service import log_configuration
from service.cli import composition
from service.cli.composition import Role, running
from service.cli.serve import serve
from service.http.connections import Connections
from service.http.read_failures import ReadFailures
from service.http.server import Server
from service.settings import Settings, load

UNEXPECTED = "an unexpected error"
ISSUER = "https://login.example.com"


async def fail(*_: object, **__: object) -> None:
    """Fail as a defect of the service does."""
    raise KeyError(UNEXPECTED)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a process whose servers do not answer."""
    keys = tmp_path / "keys.json"
    keys.write_text('{"keys": []}')
    return load(
        {
            "database_url": "postgresql://registry@127.0.0.1:1/registry",
            "kafka_bootstrap_servers": "127.0.0.1:1",
            "jwks": str(keys),
            "jwt_issuer": ISSUER,
            "api_port": 0,
            "admin_port": 0,
            "drain_delay_seconds": 0,
            "data_dir": str(tmp_path),
        }
    )


TASKS: list[tuple[Role, Any, str]] = [
    ("api", composition, "_tick"),
    ("relay", composition, "_probe"),
    ("consumers", composition, "housekeep"),
    ("consumers", Consumers, "run"),
    ("api", composition, "_warn"),
    ("api", ReadFailures, "probe"),
    ("api", Server, "serve"),
    ("api", Connections, "sweep"),
]


@pytest.mark.parametrize(("role", "owner", "name"), TASKS, ids=[name for *_, name in TASKS])
async def test_the_process_ends_when_a_task_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, role: Role, owner: Any, name: str
) -> None:
    monkeypatch.setattr(owner, name, fail)
    async with asyncio.timeout(20), running(settings, role) as service:
        await service.shutdown.stop.wait()
    assert UNEXPECTED in str(service.shutdown.reason)


async def test_the_process_ends_when_a_commit_of_offsets_fails_unexpectedly() -> None:
    class Consumer:
        commit: Callable[..., Awaitable[None]] = staticmethod(fail)

    shutdown = Shutdown(asyncio.Event())
    settlement = Settlement(watch=shutdown.watch)
    consumer: Any = Consumer()
    settlement.use(consumer)
    settlement.settle({TopicPartition("t", 0): 1})
    async with asyncio.timeout(5):
        await shutdown.stop.wait()
    assert UNEXPECTED in str(shutdown.reason)


def test_serve_prints_the_reason_and_exits_with_1(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(composition, "_probe", fail)
    # The configuration of logs would outlast this test.
    monkeypatch.setattr(log_configuration, "configure_logs", lambda _: None)
    arguments = {
        "REGISTRY_DATABASE_URL": settings.database_url,
        "REGISTRY_JWKS": settings.jwks,
        "REGISTRY_JWT_ISSUER": ISSUER,
        "REGISTRY_API_PORT": "0",
        "REGISTRY_ADMIN_PORT": "0",
        "REGISTRY_DRAIN_DELAY_SECONDS": "0",
        "REGISTRY_DATA_DIR": str(tmp_path),
    }
    ended = CliRunner().invoke(serve, ["--role", "api"], env=arguments)
    assert ended.exit_code == 1, ended.output
    assert (
        ended.stderr.splitlines()[-1]
        == f"the task 'database probe' failed with an unexpected error: KeyError({UNEXPECTED!r})"
    )
