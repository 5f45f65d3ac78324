"""The outcome of a command over HTTP: for its sender, and for administration."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.offset_fence import Origin
from tests.integration.http.registry_client import RegistryClient, open_registry
from tests.integration.store.conftest import ORIGIN
from tests.support import privilege, scenario
from tests.support.record import TOPICS, Log

PLACES: list[dict[str, int]] = [{}, {"partition": 0, "offset": 0}]
ANN = {"source": "/http/ann", "publishedby": "/producer-registry"}


@pytest.fixture
async def decided(database_url: str) -> AsyncIterator[RegistryClient]:
    """A registry that has decided commands of Kafka senders and of the caller `ann`, and a dead letter."""
    store = CommandStore(Settings(database_url=database_url), TOPICS, origin=ORIGIN)
    await store.apply(scenario.directory().read())
    log = Log(source="/crm")
    scenario.create_code(log, "new", "pc:16", "301-008578")
    scenario.create_code(log, "same", "pc:16", "301-008578")
    log.send("ann-1", "producer-code.update", "pc:17", {"description": "x", "colour": "red"}, **ANN)
    log.append(b"key", b"{", ())
    await store.apply(log.read())
    await store.close()
    async with open_registry(database_url, ORIGIN) as one:
        yield one


async def ask(
    registry: RegistryClient,
    source: str,
    identifier: str,
    *,
    partition: int | None = None,
    offset: int | None = None,
    **more: Any,
) -> httpx.Response:
    """Ask for a command; `more` are headers and claims of the token."""
    given = {"source": source, "id": identifier, "partition": partition, "offset": offset}
    query = urlencode({name: value for name, value in given.items() if value is not None})
    return await registry.get(f"/commands?{query}", **more)


async def test_the_answer_has_the_data_of_the_outcome(decided: RegistryClient) -> None:
    answer = await ask(decided, "/crm", "new")
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert body.pop("events")
    command = {"source": "/crm", "id": "new", "type": "producer-registry.producer-code.create.v1"}
    assert body == {"status": "accepted", "command": command, "subject": "pc:16", "version": 1}
    assert (await ask(decided, "/crm", "new", headers={"If-None-Match": answer.headers["etag"]})).status_code == 304
    assert (await ask(decided, "/crm", "same")).json()["status"] == "unchanged"

    rejected = (await ask(decided, "/http/ann", "ann-1")).json()
    assert rejected["status"] == "rejected"
    assert rejected["problem"]["code"] == "unknown-field"


async def test_an_unknown_command_is_pending_until_the_mark_has_passed_its_offset(decided: RegistryClient) -> None:
    for offset in (0, 3):
        answer = await ask(decided, "/crm", "unknown", partition=0, offset=offset)
        assert (answer.status_code, answer.json()) == (200, {"status": "dead-lettered"})
    for place in ({"partition": 0, "offset": 4}, {"partition": 1, "offset": 0}):
        answer = await ask(decided, "/crm", "unknown", **place)
        assert (answer.status_code, answer.json()) == (200, {"status": "pending"})
        assert int(answer.headers["retry-after"]) > 0
    assert "retry-after" not in (await ask(decided, "/crm", "new", partition=0, offset=9)).headers


async def test_an_unknown_command_without_an_offset_is_not_found(decided: RegistryClient) -> None:
    places: list[dict[str, int]] = [{}, {"partition": 0}, {"offset": 0}]
    for place in places:
        answer = await ask(decided, "/crm", "unknown", **place)
        assert answer.status_code == 404
        assert answer.json()["errors"][0]["path"] == "id"


@pytest.mark.parametrize("origin", [None, replace(ORIGIN, topic_ids={TOPICS.commands: "recreated"})])
async def test_a_command_is_pending_while_the_registry_cannot_tell(
    decided: RegistryClient, origin: Origin | None
) -> None:
    async with open_registry(decided.database_url, origin) as one:
        assert (await ask(one, "/crm", "unknown", partition=0, offset=0)).json() == {"status": "pending"}
        assert (await ask(one, "/crm", "new", partition=0, offset=0)).json()["status"] == "accepted"


@pytest.mark.parametrize("claims", [{"scope": ""}, {"scope": "admin:write"}, {"organizations": []}])
async def test_a_sender_may_ask_for_its_own_commands(decided: RegistryClient, claims: dict[str, Any]) -> None:
    answer = await ask(decided, "/http/ann", "ann-1", sub="ann", **claims)
    assert (answer.status_code, answer.json()["status"]) == (200, "rejected")


async def test_the_subject_in_the_source_is_percent_encoded(decided: RegistryClient) -> None:
    assert (await ask(decided, "/http/a%2Fb%3A%C3%A9", "1", sub="a/b:é", scope="")).status_code == 404
    assert (await ask(decided, "/http/a/b:é", "1", sub="a/b:é", scope="")).status_code == 403


async def test_others_need_the_scope_for_administration(decided: RegistryClient) -> None:
    for sub, source in (("ben", "/http/ann"), ("an", "/http/ann"), ("ann", "/crm")):
        for place in PLACES:
            refused = await ask(decided, source, "ann-1", sub=sub, scope="admin:write account:read", **place)
            assert refused.status_code == 403
            assert 'scope="admin:read"' in refused.headers["www-authenticate"]


async def test_commands_of_others_do_not_exist_for_a_restricted_token(decided: RegistryClient) -> None:
    for place in PLACES:
        assert (await ask(decided, "/crm", "new", organizations=["pc:4"], **place)).status_code == 404


async def test_a_request_without_a_source_or_an_id_is_refused(decided: RegistryClient) -> None:
    answer = await decided.get("/commands?partition=-1")
    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["id", "partition", "source"]


async def test_a_missing_privilege_makes_the_answer_503(decided: RegistryClient) -> None:
    for table in ("inbox", "offset_mark"):
        async with privilege.less(decided.database_url, f"SELECT ON {table}") as url, open_registry(url) as one:
            assert (await ask(one, "/crm", "new")).status_code == 503
            assert (await one.get("/groups")).status_code == 200
