"""The addresses of a running `dev`: written to its data folder, and read by commands without addresses."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from service.cli.option import changed
from service.settings import Settings

FILE = "running.json"


@dataclass(frozen=True, slots=True)
class RunningInstance:
    """The addresses of a running stack, its pid, and whether its broker supports idempotent producers."""

    api: str
    admin: str
    kafka: str
    database: str
    pid: int
    idempotent: bool

    def ready_line(self) -> str:
        """Return the line that reports readiness: one JSON object."""
        reported = {"ready": True, "api": self.api, "admin": self.admin, "kafka": self.kafka, "database": self.database}
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


def with_running_instance(settings: Settings) -> Settings:
    """Return the settings. Addresses that are not set are those of the `dev` running on their data folder, if any."""
    instance = find(settings.data_dir)
    if instance is None:
        return settings
    addresses: dict[str, object] = {}
    if not settings.kafka_bootstrap_servers:
        addresses |= {"kafka_bootstrap_servers": instance.kafka, "kafka_idempotent_producer": instance.idempotent}
    if not settings.database_url:
        addresses["database_url"] = instance.database
    if not {"admin_port", "admin_host"} & settings.model_fields_set:
        addresses |= {"admin_port": urlsplit(instance.admin).port, "admin_host": "127.0.0.1"}
    return changed(settings, **addresses)
