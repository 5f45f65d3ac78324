"""The settings of the service: names, descriptions, defaults and valid values.

Settings are read from environment variables with the prefix `REGISTRY_`. Each setting is also a command-line option.
No other module reads the environment. An empty value means that the setting is not set.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from service.api_settings import ApiSettings
from service.command_settings import CommandSettings
from service.database_url import DatabaseUrl
from service.masking import shown
from service.setting_rules import contradictions, unknown_variables
from service.setting_type import PREFIX, Count, HttpUrl, Seconds, setting, variable

__all__ = ["InvalidSettings", "Settings", "load", "postgres_variables", "valid", "variable"]


class InvalidSettings(Exception):
    """The settings are invalid. `problems` has one line for each problem, which begins with the variable's name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Settings(ApiSettings, CommandSettings):
    """The effective settings; immutable. Use `load` to create them: it names the invalid settings."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    shutdown_deadline_seconds: Seconds = setting(
        20, "Maximum time for draining at shutdown", "seconds, greater than 0, at most 86400"
    )
    drain_delay_seconds: Annotated[float, Field(ge=0, le=3600)] = setting(
        0, "Time at shutdown between reporting not ready and closing the ports", "seconds, 0 to 3600"
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Minimum severity of log lines", "debug, info, warning or error"
    )
    traces_endpoint: HttpUrl = setting(
        "",
        "Collector of traces (OTLP over HTTP); requires OpenTelemetry: producer-registry[traces]",
        "a URL such as http://localhost:4318/v1/traces",
    )
    traces_per_second: Count = setting(
        10,
        "Maximum number of commands, and of published messages, that a process traces per second",
        "an integer, at least 1",
    )
    data_dir: Path = setting(
        Path(".registry"), "Folder of the embedded database and the development key", "path of a folder"
    )

    @field_validator("database_url")
    @classmethod
    def _database_url_is_valid(cls, value: str) -> str:
        # the driver parses the URL only when it connects
        if value:
            DatabaseUrl.parse(value).check(os.environ)
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _level_in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _settings_are_consistent(self) -> Self:
        problems = contradictions(self)
        if problems:
            raise InvalidSettings(problems)
        return self

    def require(self, *fields: str) -> None:
        """Raise InvalidSettings if one of the named fields is empty: `settings.require("database_url", "jwks")`."""
        missing = [field for field in fields if not getattr(self, field)]
        if missing:
            raise InvalidSettings([f"{variable(field)} is not set; expected {valid(field)}" for field in missing])

    def effective(self) -> dict[str, str]:
        """Return the variable names and values of all settings as text, in declaration order. Secrets are masked."""
        return {variable(field): shown(getattr(self, field)) for field in type(self).model_fields}

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.effective().items())

    __repr__ = __str__


def load(options: Mapping[str, object] | None = None) -> Settings:
    """Read the environment. `options` (field name to value) override it. Raises InvalidSettings with all problems."""
    given = {field: value for field, value in (options or {}).items() if value is not None}
    problems = unknown_variables(os.environ, list(Settings.model_fields))
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except InvalidSettings as invalid:
        problems += invalid.problems
    except ValidationError as error:
        problems += _problems(error)
    if problems:
        raise InvalidSettings(problems)
    return settings


def postgres_variables() -> dict[str, str]:
    """Return the variables that the database drivers read: PGPASSFILE, PGSSLMODE and others, and HOME."""
    return {name: value for name, value in os.environ.items() if name.startswith("PG") or name == "HOME"}


def valid(field: str) -> str:
    """Return the description of a field's valid values."""
    match Settings.model_fields[field].json_schema_extra:
        case {"valid": text}:
            return str(text)
    raise KeyError(field)


def _problems(error: ValidationError) -> list[str]:
    problems = {}
    for detail in error.errors():
        field = str(detail["loc"][0])
        # only validators of this class give a text; those of pydantic would repeat the value
        text = str(detail["ctx"]["error"]) if detail["type"] == "value_error" else ""
        if field in Settings.model_fields:
            problems[field] = f"{variable(field)} is invalid: {text or f'expected {valid(field)}'}"
        else:
            problems[field] = f"{variable(field)} is not a setting"
    return list(problems.values())
