"""Commands without addresses find the `dev` that is running on their data folder."""

import os
import stat
from pathlib import Path

import pytest

from service.cli.running_instance import RunningInstance, find, forget, shared_settings, with_running_instance
from service.settings import InvalidSettings, Settings, load


@pytest.fixture
def instance() -> RunningInstance:
    """An instance with the pid of the test process, which is running."""
    return RunningInstance(
        "http://127.0.0.1:1080", "http://127.0.0.1:1081", "127.0.0.1:1092", "postgresql://u:p@127.0.0.1:1032/registry",
        os.getpid(), False,
    )  # fmt: skip


def test_addresses_are_found_when_none_are_given(tmp_path: Path, instance: RunningInstance) -> None:
    instance.write(tmp_path)
    settings = with_running_instance(load({"data_dir": str(tmp_path)}))
    assert (settings.kafka_bootstrap_servers, settings.database_url) == (instance.kafka, instance.database)
    assert (settings.admin_port, settings.kafka_idempotent_producer) == (1081, False)


def test_clients_have_the_settings_of_the_instance_unless_they_are_given(tmp_path: Path) -> None:
    settings = load({"topic_prefix": "agency", "partitions": "3", "jwks": "keys.json", "jwt_issuer": "me"})
    shared = shared_settings(settings)
    RunningInstance("http://h:1", "http://h:2", "h:3", "postgresql://h/d", os.getpid(), True, shared).write(tmp_path)
    found = with_running_instance(load({"data_dir": str(tmp_path), "partitions": "5"}))
    assert (found.topic_prefix, found.partitions, found.jwt_issuer) == ("agency", 5, "me")
    assert found.jwks == str(Path.cwd() / "keys.json")
    other = with_running_instance(load({"data_dir": str(tmp_path), "kafka_bootstrap_servers": "b:9092"}))
    assert other.topic_prefix == "registry", "the settings belong to the broker of the instance"


def test_a_missing_address_is_reported_with_a_way_to_start_a_registry(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as invalid:
        with_running_instance(load({"data_dir": str(tmp_path)}), "kafka_bootstrap_servers")
    assert invalid.value.problems == [
        f"REGISTRY_KAFKA_BOOTSTRAP_SERVERS is not set, and no registry is running on {tmp_path}: start one with"
        " `producer-registry dev`, or set it to host:port, separated by commas"
    ]


def test_given_addresses_are_not_changed(tmp_path: Path, instance: RunningInstance) -> None:
    instance.write(tmp_path)
    given = {"kafka_bootstrap_servers": "b:9092", "database_url": "postgresql://h/d", "admin_port": 5}
    settings = with_running_instance(load({"data_dir": str(tmp_path), **given}))
    assert (settings.kafka_bootstrap_servers, settings.database_url) == ("b:9092", "postgresql://h/d")
    assert (settings.admin_port, settings.kafka_idempotent_producer) == (5, True)


def test_file_is_readable_by_its_owner_only_because_it_has_a_password(
    tmp_path: Path, instance: RunningInstance
) -> None:
    instance.write(tmp_path)
    instance.write(tmp_path)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"api": "x"}'])
def test_nothing_is_found_if_the_file_is_broken(tmp_path: Path, content: str) -> None:
    (tmp_path / "running.json").write_text(content)
    assert find(tmp_path) is None


def test_nothing_is_found_if_the_process_has_exited(tmp_path: Path, instance: RunningInstance) -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)
    RunningInstance(instance.api, instance.admin, instance.kafka, instance.database, pid, True).write(tmp_path)
    assert find(tmp_path) is None


def test_nothing_is_found_after_the_file_was_removed(tmp_path: Path, instance: RunningInstance) -> None:
    instance.write(tmp_path)
    forget(tmp_path)
    forget(tmp_path)
    assert find(tmp_path) is None


def test_ready_line_masks_the_password_of_a_database_that_was_given(instance: RunningInstance) -> None:
    assert "//u:********@127.0.0.1:1032/" in instance.ready_line(Settings(database_url=instance.database))


def test_ready_line_has_the_documented_format(instance: RunningInstance) -> None:
    assert instance.ready_line(Settings()) == (
        '{"ready": true, "api": "http://127.0.0.1:1080", "admin": "http://127.0.0.1:1081", "kafka": "127.0.0.1:1092", '
        f'"database": "postgresql://u:p@127.0.0.1:1032/registry", "pid": {os.getpid()}}}'
    )
