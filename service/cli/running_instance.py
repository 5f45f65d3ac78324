"""The addresses of a running `dev`: written to its data folder, and read by commands without addresses."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from service.cli.option import changed
from service.masking import masked
from service.settings import InvalidSettings, Settings, valid, variable

FILE = "running.json"

SHARED = (
    "topic_prefix",
    "partitions",
    "replication",
    "command_retention_days",
    "event_retention_days",
    "dead_letter_retention_days",
    "max_body_bytes",
    "jwks",
    "jwt_issuer",
    "jwt_audience",
)
"""The settings that clients of a running stack share with it."""


@dataclass(frozen=True, slots=True)
class RunningInstance:
    """The addresses of a running stack, its pid, and whether its broker supports idempotent producers.

    `settings` are the settings that its clients need, by field.
    """

    api: str
    admin: str
    kafka: str
    database: str
    pid: int
    idempotent: bool
    settings: dict[str, Any] = field(default_factory=dict)

    def ready_line(self, given: Settings) -> str:
        """Return the line that reports readiness, as JSON. The password of a database that was given is masked."""
        database = masked(self.database) if given.database_url else self.database
        reported = {"ready": True, "api": self.api, "admin": self.admin, "kafka": self.kafka, "database": database}
        return json.dumps({**reported, "pid": self.pid})

    def write(self, folder: Path) -> None:
        """Write the file in the data folder, readable by this user only: it has the password of the database."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / FILE
        file.unlink(missing_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:  # noqa: PTH123  # pathlib cannot set the mode
            json.dump(asdict(self), opened)


def forget(folder: Path) -> None:
    """Remove the file when the stack stops."""
    (folder / FILE).unlink(missing_ok=True)


def find(folder: Path) -> RunningInstance | None:
    """Return the stack that is running on this data folder, or None."""
    try:
        instance = RunningInstance(**json.loads((folder / FILE).read_text()))
        os.kill(instance.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return instance


def shared_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings of a service that its clients need, also in other folders."""
    jwks = settings.jwks if "://" in settings.jwks else str(Path(settings.jwks).resolve())
    return {name: getattr(settings, name) for name in SHARED} | {"jwks": jwks}


def with_running_instance(settings: Settings, *required: str) -> Settings:
    """Return the settings. Addresses that are not set are those of the `dev` running on their data folder, if any.

    Raises InvalidSettings if an address in `required` is neither set nor found.
    """
    instance = find(settings.data_dir)
    if instance is not None:
        settings = _completed(settings, instance)
    missing = [name for name in required if not getattr(settings, name)]
    if missing:
        raise InvalidSettings(
            [
                f"{variable(name)} is not set, and no registry is running on {settings.data_dir}: start one with"
                f" `producer-registry dev`, or set it to {valid(name)}"
                for name in missing
            ]
        )
    return settings


def _completed(settings: Settings, instance: RunningInstance) -> Settings:
    addresses: dict[str, object] = {}
    if not settings.kafka_bootstrap_servers:
        addresses |= {name: value for name, value in instance.settings.items() if name not in settings.model_fields_set}
        addresses |= {"kafka_bootstrap_servers": instance.kafka, "kafka_idempotent_producer": instance.idempotent}
    if not settings.database_url:
        addresses["database_url"] = instance.database
    if not {"admin_port", "admin_host"} & settings.model_fields_set:
        addresses |= {"admin_port": urlsplit(instance.admin).port, "admin_host": "127.0.0.1"}
    return changed(settings, **addresses)
