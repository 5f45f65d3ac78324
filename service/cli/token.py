"""`producer-registry token`: create a token of the development issuer."""

import json

import click

from service.cli.choice import Integer
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.clock import now
from service.http.scope import SCOPES
from service.settings import Settings


def _not_empty(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("a token without a subject is always rejected; use a user name or an id")
    return value


def _known(context: click.Context, parameter: click.Parameter, value: str) -> str:
    unknown = [scope for scope in value.split() if scope not in SCOPES]
    if unknown or not value.split():
        verb = "does" if len(unknown) == 1 else "do"
        reported = f"{', '.join(unknown)} {verb} not exist" if unknown else "a scope is required"
        raise click.BadParameter(f"{reported}; the scopes are {', '.join(SCOPES)}")
    return value


@click.command(
    epilog=example_text(
        "send a request as user pc:310",
        'curl -H "Authorization: Bearer $(producer-registry token --sub pc:310 --scope account:read)" ...',
    )
)
@click.option(
    "--sub",
    required=True,
    metavar="S",
    callback=_not_empty,
    help="The caller: a user's user name or id, or another name.",
)
@click.option(
    "--scope",
    required=True,
    metavar="SCOPES",
    callback=_known,
    help=f"Any of {' '.join(SCOPES)}, separated by spaces.",
)
@click.option(
    "--organizations", metavar="A,B", help="Limit reads to these organizations; empty for none. [default: all]"
)
@click.option("--ttl", type=Integer(1), default=3600, show_default=True, help="Seconds until it expires.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with the token and its lifetime.")
@settings_options("data_dir")
def token(settings: Settings, *, sub: str, scope: str, organizations: str | None, ttl: int, as_json: bool) -> None:
    """Print a token signed with the development key of the data folder. Only `dev` and `demo` trust this key."""
    from service.http.development_key import ISSUER, NoDevelopmentKey, sign

    settings = with_running_instance(settings)
    if settings.jwt_issuer not in {"", ISSUER}:
        raise click.ClickException(
            f"REGISTRY_JWT_ISSUER is {settings.jwt_issuer}, so this token would be rejected; get one from that issuer"
        )
    try:
        signed = sign(
            settings.data_dir,
            subject=sub,
            scope=scope,
            audience=settings.jwt_audience,
            issued_at=int(now().timestamp()),
            ttl_seconds=ttl,
            organizations=None if organizations is None else [part for part in organizations.split(",") if part],
        )
    except NoDevelopmentKey as error:
        raise click.ClickException(
            f"{error}: run `producer-registry dev` in the same folder, or give its --data-dir"
        ) from None
    click.echo(json.dumps({"token": signed, "expires_in": ttl}) if as_json else signed)
