"""Faults by records: poison records, too long records, records that the database refuses, duplicates."""

from dataclasses import replace

from tests.chaos.fault import fault
from tests.chaos.run import BODY_BYTES, Run
from tests.support.history import foundation
from tests.support.poison import POISONS, oversized, poison
from tests.support.wire import Writer

KEY = "armstrong"


@fault("poison of every kind", 20)
async def poisoned(run: Run) -> None:
    writer = Writer("poison", run.topics)
    sent = [poison(writer, topic, KEY, name) for topic in run.topics.all()[:2] for name in POISONS]
    # Without a tombstone: the client library of the senders refuses a record with neither key nor value.
    sent += [poison(writer, run.topics.commands, None, name) for name in POISONS if name != "tombstone"]
    run.random.shuffle(sent)
    run.ledger += sent
    for start in range(0, len(sent), 5):
        await run.driver.send(sent[start : start + 5])


@fault("too long bodies", 21)
async def too_long(run: Run) -> None:
    writer = Writer("long", run.topics)
    sizes = (BODY_BYTES + 1, 2 * BODY_BYTES, 500_000, 900_000)
    sent = [oversized(writer, run.topics.commands, KEY, size) for size in sizes]
    run.ledger += sent
    for one in sent:
        await run.driver.send([one])


async def _constrain(run: Run) -> None:
    await run.site.execute(
        run.database, "ALTER TABLE registry_group ADD CONSTRAINT nothing_cursed CHECK (value::text NOT LIKE '%cursed%')"
    )


@fault("records that the database refuses", 22, before=_constrain)
async def refused(run: Run) -> None:
    writer = Writer("cursed", run.topics)
    data = {"type": "region", "value": "cursed", "distributor_id": KEY}
    group = next(command for command in foundation() if command["type"] == "group.create")
    sent = []
    for number in range(4):
        again = group.copy()
        again["id"], again["subject"], again["data"] = f"cursed-{number}", f"cursed-{number}", data
        sent.append(replace(writer.command(again), dead="failed"))
    run.ledger += sent
    for share, one in zip((0.2, 0.4, 0.6, 0.8), sent, strict=True):
        await run.progress(share)
        await run.driver.send([one])


@fault("everything sent twice", 23)
async def repeated(run: Run) -> None:
    await run.progress(0.5)
    writer = Writer("repeats", run.topics)
    sent = [one for one in run.ledger if one.dead is None and one.place is not None]
    again = [
        writer.record(one.topic, None if one.key is None else one.key.decode(), one.value, one.headers[:-1])
        for one in sent
    ]
    run.ledger += again
    await run.driver.send(again, random=run.random, seconds=1.0)
