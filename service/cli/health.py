"""`producer-registry health`: probe a running service. Containers without curl use it as their health check."""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

import click

from service.cli.choice import Seconds
from service.cli.error_text import error_text
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.settings import Settings

_ADVICE = "check --admin-port, and that the service runs"


@click.command(epilog=example_text("check whether the service is ready", "producer-registry health --ready"))
@click.option("--ready", is_flag=True, help="Check readiness instead of liveness.")
@click.option("--timeout", type=Seconds(), default=3.0, show_default=True, help="Seconds to wait for the response.")
@click.option("--json", "as_json", is_flag=True, help="Print the response as JSON.")
@settings_options("admin_host", "admin_port")
def health(settings: Settings, *, ready: bool, timeout: float, as_json: bool) -> None:
    """Probe the admin port of a service on this machine. Exits with 0 if the service is healthy, otherwise with 1."""
    settings = with_running_instance(settings)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.admin_host, settings.admin_host)  # noqa: S104  # read only
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.admin_port}{'/readyz' if ready else '/livez'}"
    status, body = _ask(address, timeout)
    if as_json:
        click.echo(json.dumps(body))
    else:
        click.echo(body["status"])
        for kind in ("parts", "loops"):
            for name, reported in body.get(kind, {}).items():
                click.echo(f"  {name}: {reported}")
    if status != 200:
        raise click.exceptions.Exit(1)


def _ask(address: str, timeout: float) -> tuple[int, dict[str, Any]]:
    try:
        status, content = _answer(address, timeout)
    except (OSError, http.client.HTTPException) as error:
        reason = error_text(getattr(error, "reason", error))
        raise click.ClickException(f"{address} does not respond: {reason}; {_ADVICE}") from None
    try:
        match json.loads(content):
            case {"status": str(), "parts": dict()} | {"status": str(), "loops": dict()} as body:
                return status, body
    except ValueError:
        pass
    raise click.ClickException(f"{address} is not the admin port of the service: {_ADVICE}")


def _answer(address: str, timeout: float) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(address, timeout=timeout) as answer:  # noqa: S310  # the scheme is fixed
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
