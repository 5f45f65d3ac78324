"""The chart agrees with the other files of deploy and with the service, and its check finds mistakes."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.contract.topic_plan import plan
from service.settings import Settings, variable
from tests.deploy.chart_files import FILES, contents
from tests.support.acl import documented

TOP = Path(__file__).parents[2]
DEPLOY = TOP / "deploy"
CHART = DEPLOY / "chart"
TOOLS = TOP / ".venv-deploy" / "bin"
SETS = ("minimal", "external", "operators")
CONTROLLERS = {"Deployment", "Job"}


def call(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program with the tools of `make check-deploy` on the PATH."""
    environment = {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@cache
def rendered(name: str) -> tuple[dict[str, Any], ...]:
    """Return the manifests for a file of values."""
    done = call("helm", "template", "registry", CHART, "--values", CHART / "ci" / f"{name}-values.yaml")
    assert done.returncode == 0, done.stderr
    return tuple(one for one in yaml.safe_load_all(done.stdout) if one)


def of_kind(name: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return the manifests of a kind by their names."""
    return {one["metadata"]["name"]: one for one in rendered(name) if one["kind"] == kind}


def pods(name: str) -> list[dict[str, Any]]:
    """Return the specifications of all pods."""
    return [one["spec"]["template"]["spec"] for one in rendered(name) if one["kind"] in CONTROLLERS]


def test_generated_files_are_up_to_date() -> None:
    for name, text in contents().items():
        assert (FILES / name).read_text() == text, "python -m tests.deploy.chart_files --write"


def test_rules_of_prometheus_are_those_of_the_alerts() -> None:
    [rule] = of_kind("external", "PrometheusRule").values()
    assert rule["spec"]["groups"] == yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]


def test_the_job_applies_the_file_of_roles() -> None:
    [config] = of_kind("minimal", "ConfigMap").values()
    assert config["data"]["roles.sql"].strip() == (DEPLOY / "roles.sql").read_text().strip()


@pytest.mark.parametrize("name", SETS)
def test_each_process_has_its_own_role_user_and_probes(name: str) -> None:
    roles = {"consumers": "registry_writer", "relay": "registry_relay", "api": "registry_reader"}
    found = of_kind(name, "Deployment")
    assert set(found) == {f"registry-producer-registry-{part}" for part in roles}
    for part, role in roles.items():
        [container] = found[f"registry-producer-registry-{part}"]["spec"]["template"]["spec"]["containers"]
        env = {one["name"]: one for one in container["env"]}
        assert env["REGISTRY_DATABASE_URL"]["value"].startswith(f"postgresql://{role}@")
        if name != "minimal":
            assert env["REGISTRY_KAFKA_SASL_USERNAME"]["value"] == f"registry-{part}"
        assert container["args"] == ["serve", "--role", part]
        paths = [container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")]
        assert paths == ["/livez", "/livez", "/readyz"]
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", SETS)
def test_containers_are_restricted_and_may_write_to_tmp_only(name: str) -> None:
    for pod in pods(name):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert [one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")] == ["/tmp"]  # noqa: S108


@pytest.mark.parametrize("name", SETS)
def test_passwords_are_references_and_settings_exist(name: str) -> None:
    assert of_kind(name, "Secret") == {}
    known = {variable(field) for field in Settings.model_fields} | {"PGPASSWORD"}
    for pod in pods(name):
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            for one in container["env"]:
                assert one["name"] in known
                assert ("valueFrom" in one) == ("PASSWORD" in one["name"]), one


def test_pods_get_the_time_that_the_process_needs_to_stop() -> None:
    api = of_kind("minimal", "Deployment")["registry-producer-registry-api"]["spec"]["template"]["spec"]
    env = {one["name"]: one.get("value") for one in api["containers"][0]["env"]}
    needed = int(env["REGISTRY_DRAIN_DELAY_SECONDS"] or 0) + int(env["REGISTRY_SHUTDOWN_DEADLINE_SECONDS"] or 0)
    assert api["terminationGracePeriodSeconds"] > needed


def test_topics_of_strimzi_are_those_of_the_service() -> None:
    planned = plan(Settings(replication=3))
    found = of_kind("operators", "KafkaTopic")
    assert {name: topic["spec"] for name, topic in found.items()} == {
        one.name: {"partitions": one.partitions, "replicas": 3, "config": one.configs} for one in planned
    }


def test_users_of_strimzi_have_the_documented_acls() -> None:
    for part in ("consumers", "relay", "api"):
        user = of_kind("operators", "KafkaUser")[f"registry-{part}"]
        acls = {
            (one["resource"]["type"], one["resource"]["name"], one["resource"]["patternType"], *one["operations"])
            for one in user["spec"]["authorization"]["acls"]
        }
        expected = {
            (
                acl.kind.name.lower(),
                acl.name,
                {"LITERAL": "literal", "PREFIXED": "prefix"}[acl.pattern.name],
                acl.operation.name.title(),
            )
            for acl in documented()
            if acl.user == f"registry-{part}"
        }
        replies = {("topic", topic, "literal", "Write") for topic in ("replies.one", "replies.two")}
        assert acls == expected | (replies if part == "relay" else set())


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A copy of the chart, which a test breaks."""
    return shutil.copytree(CHART, tmp_path / "chart")


def test_the_check_passes() -> None:
    checked = call(DEPLOY / "check-chart")
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(" 0 problems") == len(SETS)


VALUES = [
    ("consumers: {replicas: two}", "got string, want integer"),
    ("consumer: {replicas: 2}", "additional properties 'consumer' not allowed"),
    ("database: {parameters: password=x}", "parameters"),
    ("settings: {REGISTRY_DATABASE_URL: postgresql://x}", "REGISTRY_DATABASE_URL"),
    ("keda: {enabled: true, maxReplicas: 13}", "keda.maxReplicas is 13: at most kafka.partitions"),
    ("strimzi: {users: true}\nkafka: {saslMechanism: PLAIN}", "strimzi.users requires kafka.securityProtocol"),
]


@pytest.mark.parametrize(("values", "message"), VALUES)
def test_the_check_fails_on_a_wrong_value(broken: Path, values: str, message: str) -> None:
    for file in (broken / "ci").iterdir():
        file.unlink()
    (broken / "ci" / "wrong-values.yaml").write_text(values)
    checked = call(DEPLOY / "check-chart", broken)
    assert checked.returncode != 0
    assert message in checked.stdout + checked.stderr


MANIFESTS = [
    ("deployment.yaml", "revisionHistoryLimit", "revisionHistoryLimits", "Deployment registry-producer-registry-"),
    ("keda.yaml", "maxReplicaCount", "maxReplicas", "ScaledObject registry-producer-registry-consumers: spec"),
    ("strimzi.yaml", "replicas:", "replica:", "KafkaTopic registry.commands.v1: spec"),
    ("postgres.yaml", "imageName", "image", "Cluster registry-producer-registry-postgres: spec"),
    ("prometheus.yaml", "podMetricsEndpoints", "endpoints", "PodMonitor registry-producer-registry: spec"),
    ("service.yaml", "kind: ServiceAccount", "kind: Account", "Account registry-producer-registry"),
    ("prometheus.yaml", "monitoring.coreos.com/v1", "monitoring.coreos.com/v2", "there is no schema of PodMonitor"),
]


@pytest.mark.parametrize(("file", "right", "wrong", "message"), MANIFESTS)
def test_the_check_fails_on_a_wrong_manifest(broken: Path, file: str, right: str, wrong: str, message: str) -> None:
    for other in ("minimal", "external"):
        (broken / "ci" / f"{other}-values.yaml").unlink()
    template = broken / "templates" / file
    text = template.read_text()
    assert right in text
    template.write_text(text.replace(right, wrong, 1))
    checked = call(DEPLOY / "check-chart", broken)
    assert checked.returncode != 0
    assert message in checked.stderr


def test_the_check_names_a_tool_that_is_missing() -> None:
    environment = {"PATH": "/usr/bin:/bin"}
    checked = subprocess.run([DEPLOY / "check-chart"], env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert "the check of the chart requires helm" in checked.stderr
