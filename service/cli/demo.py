"""`producer-registry demo`: the seeds' story on an embedded stack of its own, which goes away with it."""

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.ending import talk
from service.cli.option import changed, example_text, settings_options
from service.settings import Settings

if TYPE_CHECKING:
    from service.cli.attended import Stop
    from service.cli.place import Place


@click.command(epilog=example_text("look around afterwards", "producer-registry demo --keep"))
@click.option("--keep", is_flag=True, help="Stay up after the story, until Ctrl-C.")
@settings_options("log_level")
def demo(settings: Settings, *, keep: bool) -> None:
    """Tell what the registry does: commands go in, outcomes and events come out, questions are answered.

    PostgreSQL and a Kafka broker are its own, in a temporary folder. It ends with 0 when every answer was as told.
    """
    from service.cli.attended import attend
    from service.cli.embedded import TROUBLE
    from service.cli.stage import StoryBroken
    from service.telemetry import configure_logs

    # the story is the talk; a warning of a library would stand in the middle of it
    level = settings.log_level if "log_level" in settings.model_fields_set else "error"
    configure_logs(level)
    folder = Path(tempfile.mkdtemp(prefix="producer-registry-demo-"))
    try:
        ended = attend(partial(_demo, changed(settings, data_dir=folder), keep))
    except StoryBroken as broken:
        raise click.ClickException(f"the story broke: {broken}") from None
    except TROUBLE as error:
        raise click.ClickException(str(error)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if ended is None:
        raise click.Abort
    if ended:
        raise click.ClickException(ended)


async def _demo(settings: Settings, keep: bool, stop: "Stop") -> str:
    """Tell the story; answers why the service could not go on, empty when all is well."""
    from service.cli.embedded import Wish, registry

    talk("starting PostgreSQL and the memory broker Tansu in a temporary folder ...")
    async with registry(settings, Wish()) as (place, service):
        await _tell(settings, place)
        if keep:
            place.write(settings.data_dir)
            talk(f"stays up until Ctrl-C; other commands find it with --data-dir {settings.data_dir}")
            click.echo(place.ready_line())
            await stop.wait()
    return service.ending.reason or ""


async def _tell(settings: Settings, place: "Place") -> None:
    from service.cli.exchange import exchange
    from service.cli.outgoing import Outbound
    from service.cli.stage import Stage
    from service.cli.story import tell
    from service.clock import now
    from service.contract.topics import Topics
    from service.http.devkey import sign

    def token(subject: str, scope: str) -> str:
        return sign(
            settings.data_dir,
            subject=subject,
            scope=scope,
            audience=settings.jwt_audience,
            issued_at=int(now().timestamp()),
        )

    topics = Topics(settings.topic_prefix)
    reached = changed(
        settings,
        kafka_bootstrap_servers=place.kafka,
        database_url=place.database,
        kafka_idempotent_producer=place.idempotent,
    )
    async with exchange(reached, wait=True, watch=list(topics.events.values())) as open_exchange:
        await tell(Stage(open_exchange, Outbound(topics), place.api, token))
