"""`dev`: its ready line, its commands and its end, with data that survives a restart."""

import json
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from service.masking import masked
from tests.support.dev import Dev, running_dev, start_dev
from tests.support.ladder import Rung
from tests.support.orphan import reaper_of
from tests.support.program import program

DIRECTORY = [
    {"type": "organization.put", "subject": "pc:4", "data": {"displayName": "ACV Property Insurance"}},
    {"type": "role.put", "subject": "producer", "data": {"displayName": "Producer"}},
]
CODES = "subject,code,organization,roles\npc:16,301-008578,pc:4,producer\n"


@pytest.fixture(scope="module")
async def dev(tmp_path_factory: pytest.TempPathFactory, broker: str) -> AsyncIterator[Dev]:
    """A running stack, shared by the tests that do not stop it."""
    folder = tmp_path_factory.mktemp("dev")
    async with running_dev(folder / "data", "--broker", broker, log=folder / "log") as running:
        await send_directory_and_code(running)
        yield running


async def send_directory_and_code(dev: Dev) -> None:
    """Send an organization, a role and a code, and wait for their outcomes."""
    lines = "\n".join(map(json.dumps, DIRECTORY))
    directory = await dev.run("send", "--wait", stdin=lines)
    assert directory.code == 0, directory.out + directory.err
    codes = await dev.run("send", "--wait", "--json", "--type", "producer-code.create", stdin=CODES)
    assert codes.code == 0, codes.out + codes.err
    assert [json.loads(line)["status"] for line in codes.lines] == ["accepted"]


async def codes_of(dev: Dev) -> list[str]:
    """Return the codes from the API."""
    status, body = await dev.get("/admin/v1/producer-codes", await dev.token("operator", "admin:read"))
    assert status == 200, body
    return [item["attributes"]["code"] for item in body["data"]]


async def test_sent_commands_change_the_answers_of_the_api(dev: Dev) -> None:
    assert list(dev.ready) == ["ready", "api", "admin", "kafka", "database", "pid"]
    assert (dev.ready["ready"], dev.ready["pid"]) == (True, dev.process.pid)
    assert await codes_of(dev) == ["301-008578"]
    assert (await dev.get("/admin/v1/producer-codes"))[0] == 401
    connection = await asyncpg.connect(dev.ready["database"])
    try:
        assert await connection.fetchval("SELECT count(*) FROM producer_code") == 1
    finally:
        await connection.close()


async def test_health_and_doctor_report_success(dev: Dev) -> None:
    assert (await dev.run("health", "--ready")).code == 0
    doctor = await dev.run("doctor", "--json")
    assert {reported["name"]: reported["state"] for reported in map(json.loads, doctor.lines)}["broker"] == "ok"
    assert doctor.code == 0


async def test_same_file_sent_again_changes_nothing(dev: Dev) -> None:
    await send_directory_and_code(dev)
    events = await dev.run("tail", "events", "--from", "beginning", "--type", "producer-code.created", "--until-end")
    outcomes = await dev.run("tail", "outcomes", "--from", "beginning", "--type", "command.accepted", "--until-end")
    assert (len(events.lines), len(outcomes.lines)) == (1, 6)


async def test_rejected_command_is_reported_with_row_code_and_path(dev: Dev) -> None:
    rows = "subject,code,organization,roles\npc:17,301-008579,pc:9,producer\npc:18,301-008578,pc:4,producer\n"
    ended = await dev.run("send", "--wait", "--type", "producer-code.create", stdin=rows)
    assert ended.code == 1
    reported = [line.split(" ")[:4] for line in ended.lines]
    assert reported == [["row", "2:", "reference-not-found", "/organization/id"], ["row", "3:", "code-taken", "/code"]]


async def test_resend_publishes_the_current_state(dev: Dev) -> None:
    resent = await dev.run("resend", "--type", "producer-code", "--type", "role", "--json")
    assert (resent.code, json.loads(resent.out)) == (0, {"producer-code": 1, "role": 1})
    arguments = ("--from", "beginning", "--type", "producer-code.snapshot", "-n", "1", "--json")
    seen = json.loads((await dev.run("tail", "events", *arguments)).out)
    assert (seen["subject"], seen["entityversion"], seen["data"]["producerCode"]["code"]) == (
        "pc:16",
        "1",
        "301-008578",
    )


async def test_data_folder_in_use_is_refused(dev: Dev) -> None:
    ended = await program("dev", "--data-dir", str(dev.data_dir))
    assert (ended.code, ended.out) == (1, "")
    assert "in use" in ended.err


async def test_doctor_agrees_with_a_dev_that_has_other_settings(tmp_path: Path, broker: str) -> None:
    options = ("--broker", broker, "--topic-prefix", "agency", "--partitions", "3", "--jwt-audience", "portal")
    async with running_dev(tmp_path / "data", *options, log=tmp_path / "log") as dev:
        doctor = await dev.run("doctor", "--json")
        assert doctor.code == 0, doctor.out
        states = {check["name"]: check["state"] for check in map(json.loads, doctor.lines)}
        assert [states[name] for name in ("database", "outbox", "broker", "keys")] == ["ok"] * 4
        shown = dict(line.split("=", 1) for line in (await dev.run("config", "--set")).lines)
        assert (shown["REGISTRY_TOPIC_PREFIX"], shown["REGISTRY_PARTITIONS"]) == ("agency", "3")
        assert (await dev.get("/groups", await dev.token("ann", "admin:read")))[0] == 200
    assert "Auto create topics" not in (tmp_path / "log").read_text()


async def test_a_signal_stops_all_processes_and_data_is_kept_for_the_next_start(tmp_path: Path, broker: str) -> None:
    log = tmp_path / "log"
    async with running_dev(tmp_path / "data", "--broker", broker, log=log) as first:
        await send_directory_and_code(first)
        servers = first.servers()
        assert servers
        assert await first.stop() == 0
        assert [server.pid for server in servers if server.is_running()] == []
        assert (await first.run("health")).code == 1
    async with running_dev(tmp_path / "data", "--broker", broker, log=log) as second:
        assert await codes_of(second) == ["301-008578"]
        # Commands are still decided: marks of the broker that lost its records do not prevent that.
        more = "subject,code,organization,roles\npc:17,301-008579,pc:4,producer\n"
        ended = await second.run("send", "--wait", "--type", "producer-code.create", stdin=more)
        assert ended.code == 0, ended.out + ended.err
        assert await codes_of(second) == ["301-008578", "301-008579"]
    reported = log.read_text()
    assert ("starts empty" in reported) == (broker == "tansu")
    assert ("which is accepted" in reported) == (broker == "tansu")
    assert ("The broker belongs to cluster" in reported) == (broker == "tansu"), "the service logs what was accepted"


async def test_servers_stop_and_data_stays_when_it_is_killed(tmp_path: Path, broker: str) -> None:
    log = tmp_path / "log"
    killed = await start_dev(tmp_path / "data", "--broker", broker, log=log)
    await send_directory_and_code(killed)
    servers = killed.servers()
    assert len(servers) == 2
    await killed.kill()
    async with running_dev(tmp_path / "data", "--broker", broker, log=log) as next_one:
        assert [server.pid for server in servers if server.is_running()] == []
        assert await codes_of(next_one) == ["301-008578"]


async def test_database_and_broker_are_taken_up_when_it_was_killed_with_its_reaper(tmp_path: Path, broker: str) -> None:
    log = tmp_path / "log"
    killed = await start_dev(tmp_path / "data", "--broker", broker, log=log)
    await send_directory_and_code(killed)
    servers = {server.pid for server in killed.servers()}
    reaper_of(killed.process.pid).kill()
    await killed.kill()
    async with running_dev(tmp_path / "data", "--broker", broker, log=log) as next_one:
        assert (next_one.ready["kafka"], next_one.ready["database"]) == (
            killed.ready["kafka"],
            killed.ready["database"],
        )
        assert {server.pid for server in next_one.servers()} == servers
        assert await codes_of(next_one) == ["301-008578"]
        events = await next_one.run("tail", "events", "--from", "beginning", "--until-end")
        # Messages that the killed process had published but not deleted may be published twice.
        assert len({line.partition(" ")[2] for line in events.lines}) == 3


@pytest.mark.parametrize("option", ["--api-port", "--admin-port", "--kafka-port"])
async def test_a_port_in_use_is_reported(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await program("dev", "--data-dir", str(tmp_path), option, port)
    assert ended.code in {1, 2}
    assert port in ended.err
    assert option.removeprefix("--").replace("-", "") in ended.err.lower().replace("_", "").replace("-", "")
    assert ended.out == ""


async def test_malformed_setting_stops_the_start_with_its_name(tmp_path: Path) -> None:
    ended = await program("dev", "--data-dir", str(tmp_path / "data"), batch_max_records="many")
    assert (ended.code, ended.out) == (2, "")
    assert "REGISTRY_BATCH_MAX_RECORDS" in ended.err
    assert not (tmp_path / "data").exists()


async def test_configured_servers_are_used_and_not_stopped(
    tmp_path: Path, database_url: str, kafka_bootstrap: str, broker_rung: Rung
) -> None:
    settings: dict[str, object] = {
        "database_url": database_url,
        "kafka_bootstrap_servers": kafka_bootstrap,
        "kafka_idempotent_producer": broker_rung.is_apache,
        "topic_prefix": tmp_path.name.replace("_", "-"),
        "partitions": 2,
    }
    async with running_dev(tmp_path / "data", log=tmp_path / "log", **settings) as dev:
        assert (dev.ready["database"], dev.ready["kafka"]) == (masked(database_url), kafka_bootstrap)
        assert dev.servers() == []
        dev.process.send_signal(signal.SIGINT)
        assert await dev.stop() == 0
    connection = await asyncpg.connect(database_url)
    await connection.close()
