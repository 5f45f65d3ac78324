"""Writes over HTTP with an API that reads a standby: it has no notifications, and sees the tables later."""

from pathlib import Path

from service.settings import Settings
from service.stack.postgres import Postgres
from service.store.migrate import migrate
from tests.acceptance.test_http_writes import CODES, NEW, client, directory
from tests.support.registry import Registry, registry_settings
from tests.support.standby import standby_of


async def test_an_api_on_a_standby_writes(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> None:
    primary = Postgres()
    await primary.start()
    try:
        await migrate(Settings(database_url=primary.address))
        standby = await standby_of(primary)
        try:
            settings = registry_settings(primary.address, kafka_bootstrap, topic_prefix, tmp_path, idempotent=False)
            async with Registry(settings, tmp_path).open() as registry:
                await registry.started_all(("--role", "consumers"), ("--role", "relay"))
                await directory(registry)
                api = await registry.started("--role", "api", database_url=standby.address)
                async with client(registry, api, Prefer="wait=30") as one:
                    created = await one.post(CODES, json=NEW, headers={"Idempotency-Key": "one"})
                    assert created.status_code == 201, created.text
                    again = await one.post(CODES, json=NEW, headers={"Idempotency-Key": "one"})
                    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
                    for number in range(5):
                        body = {"data": {"attributes": {"description": f"text {number}"}}}
                        changed = await one.patch(created.headers["location"], json=body)
                        # The response has the change, although the standby may lag.
                        assert changed.json()["data"]["attributes"]["description"] == f"text {number}"
        finally:
            await standby.stop()
    finally:
        await primary.stop()
