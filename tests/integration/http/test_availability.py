"""The rule in SQL and the pure rule agree on generated worlds (domain, "Who may use which code").

REGISTRY_TEST_WORLDS sets how many, --seed from which seed; the header of the run tells it.
"""

import asyncio
import os
from dataclasses import replace
from random import Random

import asyncpg
import orjson

from service.core.availability import Refused
from service.core.user import User
from service.core.world import World
from service.store.code_page import Page
from service.store.filter import Filter
from tests.integration.http import worlds
from tests.integration.http.asker import Asker

WORLDS = int(os.environ.get("REGISTRY_TEST_WORLDS", "1000"))
ROUND = 250
QUESTIONS = 4
PLAIN = Page()


async def test_sql_and_the_pure_rule_agree(asker: Asker, seed: str) -> None:
    refused = shown = 0
    for start in range(0, WORLDS, ROUND):
        numbers = range(start, min(start + ROUND, WORLDS))
        of = {n: worlds.world(f"w{n}-", Random(f"{seed} {n}")) for n in numbers}
        await _empty(asker.database_url)
        everything = worlds.together(list(of.values()))
        await asker.save(everything)
        for answers in await asyncio.gather(*(_agree(asker, seed, n, one, everything) for n, one in of.items())):
            refused += answers[0]
            shown += answers[1]
    # Worlds in which nobody is refused and nothing is shown would agree about nothing.
    assert refused > WORLDS / 20
    assert shown > WORLDS / 2


async def _agree(asker: Asker, seed: str, number: int, of: World, everything: World) -> tuple[int, int]:
    prefix = f"w{number}-"
    chance = Random(f"{seed} {number} questions")
    refused = shown = 0
    for _ in range(QUESTIONS):
        asked = worlds.question(prefix, of, chance)
        page = Page(size=asked.size, offset=asked.offset, total=chance.random() < 0.5, filters=_own_world(of, asked))
        # What everybody asks for; who sees all usable codes sees those of the other worlds then.
        if plain := chance.random() < 0.4:
            asked, page = replace(asked, size=PLAIN.size, offset=PLAIN.offset), PLAIN
        expected = worlds.answer(everything if plain and _sees_all(of, asked) else of, asked)
        items = await asker.reader.codes_of_caller(
            asked.subject,
            renewal=asked.use == "renewal",
            on=asked.on,
            visible=[string.lower() for string in asked.visible],
            page=page,
        )
        reported = f"--seed {seed} world {number}: {asked}"
        if isinstance(expected, Refused):
            assert items is None, reported
            refused += 1
            continue
        assert items is not None, reported
        found = [item["attributes"]["id"] for item in orjson.loads(items.data)]
        wanted = [candidate.id for candidate in expected]
        end = asked.offset + asked.size
        assert found == wanted[asked.offset : end], reported
        assert items.more == (len(wanted) > end), reported
        assert items.total in {None, len(wanted)}, reported
        shown += len(found)
    return refused, shown


def _sees_all(of: World, asked: worlds.Question) -> bool:
    caller: User | None = worlds.caller(of, asked.subject)
    return caller is not None and not caller.code_secured


def _own_world(of: World, asked: worlds.Question) -> tuple[Filter, ...]:
    """Who sees all usable codes would see those of the other worlds too."""
    return (Filter("organization", "in", tuple(of.organizations)),) if _sees_all(of, asked) else ()


async def _empty(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "TRUNCATE organization, role, registry_group, registry_user, producer_code, user_producer_code, "
            "group_producer_code"
        )
    finally:
        await connection.close()
