"""Commands that write every table: each wave creates objects, changes those of the last one, and removes associations.

Objects of a wave are not changed in it, since a batch writes an object once, however many of its commands change it.
"""

from functools import partial
from typing import Any

from tests.support.registry import Registry
from tests.support.wait import eventually

ACCEPTED = "producer-registry.command.accepted.v1"
Command = tuple[str, str, dict[str, Any]]


class Waves:
    """Sends waves to a registry, and waits for their outcomes. Each wave must be decided before the next one."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._wave = 0
        self._waiting: list[str] = []

    async def begin(self) -> None:
        """Decide three waves, so that all later ones are complete."""
        for _ in range(3):
            await self.send()
            await self.decided()

    async def send(self) -> None:
        """Send the next wave."""
        self._wave += 1
        for number, (kind, subject, data) in enumerate(_commands(self._wave)):
            id_ = f"wave-{self._wave}-{number}"
            await self._registry.command(kind, subject, data, id=id_)
            self._waiting.append(id_)

    async def decided(self) -> None:
        """Wait until all commands are accepted, each with one outcome, although it may be published twice."""
        for id_ in self._waiting:
            await eventually(partial(self._registry.outcomes, id_), deadline=90, what=f"the outcome of {id_}")
            outcomes = self._registry.outcomes(id_)
            assert {outcome.text["ce_type"] for outcome in outcomes} == {ACCEPTED}, outcomes[0].value
            assert len({outcome.text["ce_id"] for outcome in outcomes}) == 1
        self._waiting.clear()


def _commands(wave: int) -> list[Command]:
    directory = [*_directory(wave, "New"), *(_directory(wave - 1, "Changed") if wave > 1 else [])]
    if wave == 1:
        return directory
    # The directory of the wave before is decided. That of this wave is on another topic.
    home = f"organization-{wave - 1}"
    code = {"code": f"C-{wave}", "organization": {"id": home}, "roles": [{"id": f"role-{wave - 1}"}]}
    user = {"name": "Ann", "email": "ann@example.com", "organization": {"id": home}, "username": f"ann{wave}"}
    created: list[Command] = [
        ("producer-code.create", f"code-{wave}", {**code, "branch": {"id": f"branch-{wave - 1}"}}),
        ("group.create", f"group-{wave}", {"type": "region", "value": "West", "distributor_id": home}),
        ("user.create", f"user-{wave}", user),
        ("group.add-producer-code", f"group-{wave}", {"producerCode": {"id": f"code-{wave}"}}),
        ("user.add-producer-code", f"user-{wave}", {"producerCode": {"id": f"code-{wave}"}}),
    ]
    if wave == 2:
        return [*directory, *created]
    before = wave - 1
    changed: list[Command] = [
        # It changes the associations, too.
        ("producer-code.update", f"code-{before}", {"producerStatus": {"code": "Suspended"}}),
        ("group.update", f"group-{before}", {"type": "region", "value": "East"}),
        ("user.join-group", f"user-{before}", {"group_id": f"group-{before}"}),
    ]
    if wave == 3:
        return [*directory, *created, *changed]
    removed: list[Command] = [
        ("group.remove-producer-code", f"group-{wave - 2}", {"producerCode": {"id": f"code-{wave - 2}"}}),
        ("user.remove-producer-code", f"user-{wave - 2}", {"producerCode": {"id": f"code-{wave - 2}"}}),
    ]
    return [*directory, *created, *changed, *removed]


def _directory(wave: int, name: str) -> list[Command]:
    product = {"name": name, "institution_id": "ins", "product_line": "cyber"}
    return [
        ("organization.put", f"organization-{wave}", {"displayName": name}),
        ("branch.put", f"branch-{wave}", {"branchCode": f"{wave:03}", "displayName": name}),
        ("role.put", f"role-{wave}", {"displayName": name}),
        ("product.put", f"product-{wave}", product),
    ]
