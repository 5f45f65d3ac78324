"""`producer-registry schemas register` publishes the schemas to a registry with Confluent's REST interface."""

import base64
import json

from service.contract.catalogue import COMMANDS, PUBLISHED, wire_type
from service.contract.schemas import committed, names
from tests.support.program import program
from tests.support.schema_registry import StubRegistry, stub_registry


def _schema(registry: StubRegistry, subject: str) -> dict[str, object]:
    schema: dict[str, object] = json.loads(registry.versions[subject][-1]["schema"])
    return schema


async def test_all_messages_and_topics_are_registered_with_references_and_modes() -> None:
    with stub_registry() as registry:
        ended = await program("schemas", "register", "--url", registry.url, "--json")
        assert (ended.code, ended.err) == (0, "")
        shown = {line["subject"]: line for line in map(json.loads, ended.out.splitlines())}
        assert shown.keys() == registry.versions.keys() == registry.modes.keys()
        assert {line["version"] for line in shown.values()} == {1}
        for name in names():
            assert _schema(registry, wire_type(name)) == json.loads(committed(name))
        assert {registry.modes[wire_type(name)] for name in PUBLISHED} == {"FORWARD_TRANSITIVE"}
        assert {registry.modes[command.type] for command in COMMANDS} == {"BACKWARD_TRANSITIVE"}
        topics = shown.keys() - {wire_type(name) for name in names()}
        assert all(topic.startswith("registry.") and topic.endswith(".v1-value") for topic in topics)
        assert {subject for topic in topics for subject in shown[topic]["references"]} == {
            wire_type(name) for name in names()
        }


async def test_repeated_runs_add_no_version() -> None:
    with stub_registry() as registry:
        for _ in range(2):
            ended = await program("schemas", "register", "--url", registry.url)
            assert ended.code == 0
        assert {len(versions) for versions in registry.versions.values()} == {1}


async def test_the_settings_of_the_installation_apply() -> None:
    with stub_registry() as registry:
        ended = await program(
            *("schemas", "register", "--schema-registry-url", registry.url, "--topic-prefix", "agency"),
            *("--schema-base-uri", "https://api.example.com/schemas/"),
        )
        assert ended.code == 0
        assert "agency.commands.v1-value" in registry.versions
        identifier = _schema(registry, "producer-registry.group.create.v1")["$id"]
        assert str(identifier).startswith("https://api.example.com/schemas/group.create:v1:")


async def test_the_password_of_the_url_is_sent_and_never_printed() -> None:
    credentials = base64.b64encode(b"team:s/cret").decode()
    with stub_registry() as registry:
        url = registry.url.replace("http://", "http://team:s%2Fcret@")
        registry.password = credentials
        assert (await program("schemas", "register", "--url", url)).code == 0
        assert registry.authorizations == {f"Basic {credentials}"}
        registry.password = "another"
        ended = await program("schemas", "register", "--url", url)
        assert ended.code == 1
        assert "401 Unauthorized" in ended.err
        assert "cret" not in ended.err


async def test_a_refused_schema_is_named() -> None:
    with stub_registry() as registry:
        registry.incompatible = "producer-registry.user.update.v1"
        ended = await program("schemas", "register", "--url", registry.url)
        assert ended.code == 1
        assert "producer-registry.user.update.v1: POST" in ended.err
        assert "409 Schema being registered is incompatible" in ended.err


async def test_an_address_that_is_not_a_schema_registry_is_named() -> None:
    with stub_registry() as registry:
        ended = await program("schemas", "register", "--url", f"{registry.url}/other")
        assert ended.code == 1
        assert "404 HTTP 404 Not Found" in ended.err
        unused = registry.url
    ended = await program("schemas", "register", "--url", unused)
    assert (ended.code, ended.err) == (1, f"Error: {unused} is unavailable: [Errno 111] Connection refused\n")


async def test_a_missing_or_invalid_url_is_wrong_usage() -> None:
    ended = await program("schemas", "register")
    assert ended.code == 2
    assert "--url or REGISTRY_SCHEMA_REGISTRY_URL is not set; expected an http(s) URL" in ended.err
    ended = await program("schemas", "register", "--url", "schemas.example.com")
    assert ended.code == 2
    assert "expected an http or https URL" in ended.err


async def test_a_dry_run_prints_the_subjects_only() -> None:
    ended = await program("schemas", "register", "--dry-run")
    assert ended.code == 0
    assert "  -  BACKWARD_TRANSITIVE   registry.commands.v1-value\n" in ended.out
