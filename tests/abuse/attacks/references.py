"""Commands with many references, known and unknown ones."""

import json
from collections.abc import Iterator

from tests.abuse.attacks.queries import capped
from tests.abuse.attacks.sender import command, sender
from tests.abuse.site import ROLES, role
from tests.abuse.target import Got, Target
from tests.load import people
from tests.load.workload import Sent

UNKNOWN = 10_000
MOST_OUTCOME_BYTES = 20_000


async def unknown_references(target: Target) -> Got:
    """Send commands with 10,000 unknown references."""
    source, got = "/abuse/unknown", Got()
    roles = [{"id": f"none-{number}"} for number in range(UNKNOWN)]
    async with sender(target) as sending:
        count = target.count(20, 1)
        await sending.send(await sending.encode(_codes(source, roles, count), step=1), count / target.seconds)
        got.counts.update(await sending.until_decided(source, count))
        outcome = await sending.outcome(source)
    got.remarks.append(f"{len(outcome) / 1000:.1f} KB per outcome")
    got.expect_only("rejected")
    got.expect(len(outcome) <= MOST_OUTCOME_BYTES, f"an outcome of {len(outcome) / 1000:,.0f} KB")
    capped(got, json.loads(outcome)["problem"], UNKNOWN)
    return got


async def many_references(target: Target) -> Got:
    """Send commands with 1,000 references each."""
    source, got = "/abuse/references", Got()
    roles = [{"id": role(number)} for number in range(ROLES)]
    async with sender(target) as sending:
        count = target.count(500, 3)
        await sending.send(await sending.encode(_codes(source, roles, count), step=10), count / target.seconds)
        got.counts.update(await sending.until_decided(source, count))
    got.expect_only("accepted")
    return got


def _codes(source: str, roles: list[dict[str, str]], count: int) -> Iterator[Sent]:
    """Yield commands that create a code with these roles."""
    for number in range(count):
        code = f"{source.rpartition('/')[2]}-{number}"
        data = {"code": code, "organization": {"id": people.organization(0)}, "roles": roles}
        yield command("producer-code.create", source, data, subject=code)
