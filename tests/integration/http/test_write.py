"""Writes over HTTP: responses, repeats, errors and authorization."""

import asyncio

import pytest

from service.http.outcome_wait import OutcomeWaits
from service.http.publisher import MaybePublished, NotPublished
from service.settings import Settings
from service.store.command_store import CommandStore
from service.store.outcome_session import OutcomeSession
from tests.integration.http.registry_client import open_registry, token_headers
from tests.integration.http.writing import CODES, NEW, Broker, Writing, known
from tests.integration.store.conftest import ORIGIN
from tests.support.record import TOPICS
from tests.support.wait import eventually


async def test_a_code_is_created_and_changed(writing: Writing) -> None:
    created = await writing.send("POST", CODES, NEW, key="one")
    assert created.status_code == 201, created.text
    attributes = created.json()["data"]["attributes"]
    assert attributes["code"] == "301-008579"
    location = created.headers["location"]
    assert location == f"{CODES}/{attributes['id']}"
    assert created.headers["idempotency-key"] == "one"
    assert "idempotent-replayed" not in created.headers
    shown = await writing.registry.get(location)
    assert (shown.content, shown.headers["etag"]) == (created.content, created.headers["etag"])

    changed = await writing.send("PATCH", location, {"appointmentDate": "2022-07-09"})
    assert changed.status_code == 200
    assert "location" not in changed.headers
    assert changed.json()["data"]["attributes"]["appointmentDate"] == "2022-07-09"
    assert changed.headers["etag"].startswith('"2-')
    assert len(changed.headers["idempotency-key"]) == 36
    unchanged = await writing.send("PATCH", location, {"appointmentDate": "2022-07-09"})
    assert (unchanged.status_code, unchanged.headers["etag"]) == (200, changed.headers["etag"])
    assert writing.broker.keys == [b"pc:4"] * 3


async def test_a_repeat_gets_the_first_status_with_the_object_as_it_is_now(writing: Writing) -> None:
    first = await writing.send("POST", CODES, NEW, key="one")
    location = first.headers["location"]
    await writing.send("PATCH", location, {"description": "Later"})
    published = len(writing.broker.keys)
    for attributes in (NEW, {**NEW, "code": "other"}, {"colour": "red"}):
        again = await writing.send("POST", CODES, attributes, key="one")
        assert (again.status_code, again.headers["location"]) == (201, location)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.json()["data"]["attributes"]["description"] == "Later"
        assert again.headers["etag"].startswith('"2-')
    rejected = await writing.send("POST", CODES, NEW, key="two")
    again = await writing.send("POST", CODES, {**NEW, "code": "free"}, headers={"GW-DBTransaction-ID": "two"})
    assert (rejected.status_code, again.status_code) == (409, 409)
    assert again.json() == rejected.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(writing.broker.keys) == published + 1
    # The key of another caller is another key.
    assert (await writing.send("POST", CODES, {**NEW, "code": "free"}, key="one", sub="ben")).status_code == 201


async def test_a_rejection_names_the_places_in_the_body(writing: Writing) -> None:
    refused = await writing.send("POST", CODES, {"code": "-", "colour": 1, "roles": []}, key="one")
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert [(e["path"], e["code"]) for e in refused.json()["errors"]] == [
        ("/data/attributes/code", "invalid"),
        ("/data/attributes/colour", "unknown-field"),
        ("/data/attributes/organization", "invalid"),
        ("/data/attributes/roles", "invalid"),
    ]
    assert writing.broker.keys == []
    many = await writing.send("POST", CODES, {**NEW, **{f"x{n}": 1 for n in range(25)}}, key="one")
    assert (len(many.json()["errors"]), many.json()["more"]) == (20, 5)
    decided = await writing.send("POST", CODES, {**NEW, "roles": [{"id": "nobody"}], "branch": {"id": "none"}})
    assert decided.status_code == 422
    assert [(e["path"], e["code"]) for e in decided.json()["errors"]] == [
        ("/data/attributes/branch/id", "reference-not-found"),
        ("/data/attributes/roles/0/id", "reference-not-found"),
    ]
    # The key was free until a command was published.
    assert (await writing.send("POST", CODES, NEW, key="one")).status_code == 201
    assert (await writing.send("PATCH", f"{CODES}/none", {"description": "x"})).status_code == 404


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"[]", ""),
        (b"{}", "/data"),
        (b'{"data": 1}', "/data"),
        (b'{"data": {}}', "/data/attributes"),
        (b'{"data": {"attributes": []}}', "/data/attributes"),
        (b'{"data": {"attributes": {}, "a/b": 1}}', "/data/a~1b"),
        (b'{"data": {"attributes": {}}, "more": 1}', "/more"),
    ],
)
async def test_a_body_without_the_envelope_is_refused(writing: Writing, content: bytes, path: str) -> None:
    refused = await writing.send(
        "POST", CODES, content=content, headers={"Content-Type": "application/json"}, key="one"
    )
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path)
    assert refused.headers["idempotency-key"] == "one"


async def test_a_body_that_is_not_json_is_refused(writing: Writing) -> None:
    for content_type, content, status in (
        ("text/plain", b"{}", 415),
        ("application/x-www-form-urlencoded", b"{}", 415),
        ("application/json", b"{", 400),
        ("application/json", b'{"data": NaN}', 400),
        ("application/json", b"x" * 300_000, 413),
    ):
        headers = {"Content-Type": content_type}
        refused = await writing.send("POST", CODES, content=content, headers=headers, key="one")
        assert refused.status_code == status, content_type
        assert refused.headers["idempotency-key"] == "one"
    assert writing.broker.keys == []


@pytest.mark.parametrize("key", [b"x" * 129, "é".encode(), b"a\tb", b""])
async def test_a_malformed_key_is_refused(writing: Writing, key: bytes) -> None:
    headers = [(name.encode(), value.encode()) for name, value in token_headers(scope="admin:write").items()]
    refused = await writing.registry.client.post(CODES, json=NEW, headers=[*headers, (b"Idempotency-Key", key)])
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, "Idempotency-Key")


async def test_two_different_keys_are_refused(writing: Writing) -> None:
    refused = await writing.send("POST", CODES, NEW, key="one", headers={"GW-DBTransaction-ID": "two"})
    assert refused.status_code == 400
    assert (
        await writing.send("POST", CODES, NEW, key="one", headers={"GW-DBTransaction-ID": "one"})
    ).status_code == 201


async def test_if_match_is_the_expected_version(writing: Writing) -> None:
    created = await writing.send("POST", CODES, NEW)
    location, tag = created.headers["location"], created.headers["etag"]
    for matching in (tag, "*", f"W/{tag}"):
        answer = await writing.send("PATCH", location, {}, headers={"If-Match": matching})
        assert answer.status_code == 200
    await writing.send("PATCH", location, {"description": "x"}, headers={"If-Match": tag})
    for other in (tag, '"never"', '"99999999999-0123456789abcdef"'):
        refused = await writing.send("PATCH", location, {"description": "y"}, headers={"If-Match": other})
        assert refused.status_code == 412
        assert refused.json()["errors"][0]["path"] == "If-Match"
    two = await writing.send("PATCH", location, {}, headers={"If-Match": f'{tag}, "2-0123456789abcdef"'})
    assert two.status_code == 400


async def test_without_an_outcome_the_response_is_202_with_the_address_of_the_state(writing: Writing) -> None:
    writing.broker.decides = False
    for prefer in ("respond-async", "wait=0", "Respond-Async, wait=10"):
        accepted = await writing.send("POST", CODES, NEW, key="one", headers={"Prefer": prefer})
        assert (accepted.status_code, accepted.json()) == (202, {"status": "pending"})
        assert int(accepted.headers["retry-after"]) > 0
    state = await writing.registry.get(accepted.headers["location"], sub="ann", scope="")
    assert state.json() == {"status": "pending"}
    await writing.broker.decide()
    state = await writing.registry.get(accepted.headers["location"], sub="ann", scope="")
    assert state.json()["status"] == "accepted"
    assert (await writing.send("POST", CODES, NEW, key="one")).status_code == 201


async def test_a_dead_letter_ends_the_wait(writing: Writing) -> None:
    async def break_record() -> None:
        writing.broker.log.append(b"key", b"{", ())
        writing.broker.decides = False

    writing.broker.before = break_record
    asking = asyncio.create_task(writing.send("POST", CODES, NEW, headers={"Prefer": "wait=30"}))
    await eventually(lambda: writing.broker.keys, what="a published command")
    # The record of the request itself becomes a dead letter.
    record = writing.broker.log.records.pop()
    writing.broker.log.append(record.key, b"{", record.headers)
    await writing.broker.decide()
    refused = await asking
    assert refused.status_code == 500
    assert refused.json()["errors"][0]["code"] == "dead-lettered"


async def test_nothing_is_published_without_the_scope(writing: Writing) -> None:
    for scope in ("admin:read account:read", ""):
        refused = await writing.send("POST", CODES, NEW, scope=scope, key="one")
        assert refused.status_code == 403
        assert refused.headers["idempotency-key"] == "one"
    assert writing.broker.keys == []


async def test_other_organizations_do_not_exist_for_a_restricted_token(writing: Writing) -> None:
    created = await writing.send("POST", CODES, NEW, organizations=["pc:4"])
    assert created.status_code == 201
    published = len(writing.broker.keys)
    refused = await writing.send("POST", CODES, {**NEW, "code": "x"}, organizations=["pc:1"])
    assert refused.status_code == 404
    assert refused.json()["errors"][0]["path"] == "/data/attributes/organization/id"
    for location in (created.headers["location"], f"{CODES}/none"):
        refused = await writing.send("PATCH", location, {"description": "x"}, organizations=["pc:1"])
        assert refused.status_code == 404
        assert refused.json()["errors"][0]["path"] == "producerCodeId"
    assert len(writing.broker.keys) == published


@pytest.mark.parametrize(
    ("error", "text"),
    [(NotPublished(), "Nothing was published."), (MaybePublished(), "repeat the request with the same key")],
)
async def test_a_503_says_whether_the_command_was_published(writing: Writing, error: Exception, text: str) -> None:
    async def fail() -> None:
        raise error

    writing.broker.before = fail
    refused = await writing.send("POST", CODES, NEW, key="one")
    assert refused.status_code == 503
    assert text in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) > 0
    writing.broker.before = None
    assert (await writing.send("POST", CODES, NEW, key="one")).status_code == 201


async def test_requests_beyond_the_limit_are_refused(writing: Writing) -> None:
    writing.broker.decides = False
    two = [asyncio.create_task(writing.send("POST", CODES, {**NEW, "code": f"c-{n}"})) for n in range(2)]
    await eventually(lambda: len(writing.broker.keys) == 2, what="two published commands")
    refused = await writing.send("POST", CODES, NEW)
    assert refused.status_code == 503
    assert "Nothing was published." in refused.json()["detail"]
    await writing.broker.decide()
    assert [one.status_code for one in await asyncio.gather(*two)] == [201, 201]


async def test_nothing_is_published_while_the_database_is_away() -> None:
    settings = Settings(database_url="postgresql://registry:secret@127.0.0.1:1/registry")
    broker = Broker(CommandStore(settings, TOPICS, origin=ORIGIN))
    waits = OutcomeWaits(OutcomeSession(settings, TOPICS), known, most=2)
    running = asyncio.create_task(waits.run())
    async with open_registry(settings.database_url, ORIGIN, (broker, waits)) as registry:
        refused = await Writing(registry, broker).send("POST", CODES, NEW)
    running.cancel()
    await asyncio.wait((running,))
    assert refused.status_code == 503
    assert "Nothing was published." in refused.json()["detail"]
    assert broker.keys == []


async def test_an_api_without_a_broker_only_reads(database_url: str) -> None:
    async with open_registry(database_url) as registry:
        refused = await registry.client.post(CODES, json={}, headers=token_headers())
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
        paths = (await registry.client.get("/openapi.json")).json()["paths"]
        assert all(set(methods) == {"get"} for methods in paths.values())


async def test_the_methods_of_a_path_are_listed(writing: Writing) -> None:
    refused = await writing.send("DELETE", CODES, {})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")
    document = (await writing.registry.client.get("/openapi.json")).json()
    assert {"get", "post"} == set(document["paths"][CODES])
