"""Where a running `dev` is: written into its data folder, read by the commands that are given no address."""

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
    """The addresses of a running stack, its process, and whether its broker takes idempotent producers."""

    api: str
    admin: str
    kafka: str
    database: str
    pid: int
    idempotent: bool

    def ready_line(self) -> str:
        """The line that says that everything is ready: one JSON object."""
        reported = {"ready": True, "api": self.api, "admin": self.admin, "kafka": self.kafka, "database": self.database}
        return json.dumps({**reported, "pid": self.pid})

    def write(self, folder: Path) -> None:
        """Leave it in the data folder, for this user only: it holds the database's password."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / FILE
        file.unlink(missing_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:  # noqa: PTH123  # the mode
            json.dump(asdict(self), opened)


def forget(folder: Path) -> None:
    """Take the note away when the stack stops."""
    (folder / FILE).unlink(missing_ok=True)


def find(folder: Path) -> RunningInstance | None:
    """The stack that runs on this data folder, None when there is none."""
    try:
        instance = RunningInstance(**json.loads((folder / FILE).read_text()))
        os.kill(instance.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return instance


def located(settings: Settings) -> Settings:
    """The settings, completed with the addresses of the `dev` that runs on their data folder, where none are given."""
    instance = find(settings.data_dir)
    if instance is None:
        return settings
    found: dict[str, object] = {}
    if not settings.kafka_bootstrap_servers:
        found |= {"kafka_bootstrap_servers": instance.kafka, "kafka_idempotent_producer": instance.idempotent}
    if not settings.database_url:
        found["database_url"] = instance.database
    if not {"admin_port", "admin_host"} & settings.model_fields_set:
        found |= {"admin_port": urlsplit(instance.admin).port, "admin_host": "127.0.0.1"}
    return changed(settings, **found)
