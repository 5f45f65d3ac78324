"""The rule in SQL and the rule in the core agree on generated worlds (domain, "Who may use which code").

REGISTRY_TEST_WORLDS sets the number of worlds, --seed the seed. The header of the test run shows the seed.
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
from tests.integration.http.registry_client import RegistryClient

WORLDS = int(os.environ.get("REGISTRY_TEST_WORLDS", "1000"))
ROUND = 250
QUESTIONS = 4
PLAIN = Page()


async def test_sql_and_the_core_agree(empty_registry: RegistryClient, seed: str) -> None:
    refused = shown = 0
    for start in range(0, WORLDS, ROUND):
        numbers = range(start, min(start + ROUND, WORLDS))
        of = {n: worlds.world(f"w{n}-", Random(f"{seed} {n}")) for n in numbers}
        await _empty(empty_registry.database_url)
        everything = worlds.merged(list(of.values()))
        await empty_registry.save(everything)
        for answers in await asyncio.gather(
            *(_agree(empty_registry, seed, n, one, everything) for n, one in of.items())
        ):
            refused += answers[0]
            shown += answers[1]
    # Without refusals and results, the comparison would be meaningless.
    assert refused > WORLDS / 20
    assert shown > WORLDS / 2


async def _agree(
    empty_registry: RegistryClient, seed: str, number: int, of: World, everything: World
) -> tuple[int, int]:
    prefix = f"w{number}-"
    chance = Random(f"{seed} {number} questions")
    refused = shown = 0
    for _ in range(QUESTIONS):
        query = worlds.account_query(prefix, of, chance)
        page = Page(size=query.size, offset=query.offset, total=chance.random() < 0.5, filters=_own_world(of, query))
        # The default page without filters; a caller who sees all usable codes then sees those of the other worlds too.
        if plain := chance.random() < 0.4:
            query, page = replace(query, size=PLAIN.size, offset=PLAIN.offset), PLAIN
        expected = worlds.expected_codes(everything if plain and _sees_all(of, query) else of, query)
        items = await empty_registry.reader.codes_of_caller(
            query.subject,
            renewal=query.use == "renewal",
            on=query.on,
            visible=[string.lower() for string in query.visible],
            page=page,
        )
        failure = f"--seed {seed} world {number}: {query}"
        if isinstance(expected, Refused):
            assert items is None, failure
            refused += 1
            continue
        assert items is not None, failure
        actual_ids = [item["attributes"]["id"] for item in orjson.loads(items.data)]
        expected_ids = [candidate.id for candidate in expected]
        end = query.offset + query.size
        assert actual_ids == expected_ids[query.offset : end], failure
        assert items.more == (len(expected_ids) > end), failure
        assert items.total in {None, len(expected_ids)}, failure
        shown += len(actual_ids)
    return refused, shown


def _sees_all(of: World, query: worlds.AccountQuery) -> bool:
    caller: User | None = worlds.caller(of, query.subject)
    return caller is not None and not caller.code_secured


def _own_world(of: World, query: worlds.AccountQuery) -> tuple[Filter, ...]:
    """Return a filter that excludes the other worlds, for callers who see all usable codes."""
    return (Filter("organization", "in", tuple(of.organizations)),) if _sees_all(of, query) else ()


async def _empty(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "TRUNCATE organization, role, registry_group, registry_user, producer_code, user_producer_code, "
            "group_producer_code"
        )
    finally:
        await connection.close()
