"""Random requests that write over HTTP: every operation, with few ids, so that requests concern the same objects."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.support.command_draw import OFFICES, ORGANIZATIONS, ROLES

CODES: Final = "/admin/v1/producer-codes"
GROUPS: Final = "/groups"
PRODUCERS: Final = "/producers"
STRINGS: Final = 200
"""Number of code strings for creations: some are taken."""

WRONG: Final = 0.05
"""The share of bodies with an unknown field or a reference to nothing."""


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A request. With `vanishes`, another request may remove what it adds."""

    method: str
    path: str
    body: dict[str, Any] | None
    headers: dict[str, str] = field(default_factory=dict)
    vanishes: bool = False


class WriteRequests:
    """Draws requests about the objects of the foundation, and about those that `created` was called for."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._ids: dict[str, dict[str, list[str]]] = {
            CODES: {home: [f"{home}-code-fixed"] for home in ORGANIZATIONS},
            GROUPS: {home: [f"{home}-group-selling"] for home in ORGANIZATIONS},
            PRODUCERS: {home: [] for home in ORGANIZATIONS},
        }
        self._draws: tuple[tuple[int, Callable[[str], WriteRequest]], ...] = (
            (20, self._new_code),
            (30, self._changed_code),
            (8, self._new_group),
            (10, self._replaced_group),
            (8, self._new_producer),
            (8, self._replaced_producer),
            (10, self._group_code),
            (10, self._user_code),
        )

    def draw(self) -> WriteRequest:
        """Return the next request."""
        [(_, draw)] = self._random.choices(self._draws, [weight for weight, _ in self._draws])
        return draw(self._random.choice(ORGANIZATIONS))

    def created(self, request: WriteRequest, location: str) -> None:
        """Let later requests concern the object that a request has created at this address."""
        if request.path not in self._ids:
            return
        body = request.body or {}
        attributes = body["data"]["attributes"] if request.path == CODES else body
        ids = self._ids[request.path][attributes.get("distributor_id") or attributes["organization"]["id"]]
        if (identifier := location.rpartition("/")[2]) not in ids:
            ids.append(identifier)

    def _new_code(self, home: str) -> WriteRequest:
        attributes = self._code() | {
            "code": f"http-{self._random.randrange(STRINGS)}",
            "organization": {"id": home},
            "roles": [{"id": self._random.choice(ROLES)}],
        }
        return WriteRequest("POST", CODES, _enveloped(attributes))

    def _changed_code(self, home: str) -> WriteRequest:
        path = f"{CODES}/{self._one(CODES, home)}"
        return WriteRequest("PATCH", path, _enveloped(self._code()), self._condition())

    def _new_group(self, home: str) -> WriteRequest:
        return WriteRequest("POST", GROUPS, self._group(home))

    def _replaced_group(self, home: str) -> WriteRequest:
        return WriteRequest("PUT", f"{GROUPS}/{self._one(GROUPS, home)}", self._group(home), self._condition())

    def _new_producer(self, home: str) -> WriteRequest:
        return WriteRequest("POST", PRODUCERS, self._producer(home))

    def _replaced_producer(self, home: str) -> WriteRequest:
        path = f"{PRODUCERS}/{self._one(PRODUCERS, home)}"
        return WriteRequest("PUT", path, self._producer(home), self._condition())

    def _group_code(self, home: str) -> WriteRequest:
        return self._association(f"/admin/v1/groups/{self._one(GROUPS, home)}", f"{home}-code-fixed", {})

    def _user_code(self, home: str) -> WriteRequest:
        roles = {"roles": [{"id": self._random.choice(ROLES)}]} if self._random.random() < 0.3 else {}
        return self._association(f"/admin/v1/users/{self._one(PRODUCERS, home)}", self._one(CODES, home), roles)

    def _association(self, owner: str, code: str, more: dict[str, Any]) -> WriteRequest:
        """Return a request that adds or removes a code of an owner, so that others remove what was added."""
        path = f"{owner}/producer-codes"
        if self._random.random() < 0.4:
            return WriteRequest("DELETE", f"{path}/{code}", None)
        return WriteRequest("POST", path, _enveloped({"producerCode": {"id": code}, **more}), vanishes=True)

    def _one(self, path: str, home: str) -> str:
        """Return the id of an object of the organization, mostly one of the first few; seldom an unknown one."""
        ids = self._ids[path][home][:5] if self._random.random() < 0.8 else self._ids[path][home]
        return self._random.choice(ids) if ids and self._random.random() >= WRONG else "nobody"

    def _condition(self) -> dict[str, str]:
        if self._random.random() >= 0.2:
            return {}
        return {"If-Match": f'"{self._random.randint(1, 5)}-0123456789abcdef"'}

    def _code(self) -> dict[str, Any]:
        return {"description": self._text(), **self._wrong({"branch": {"id": "nowhere"}})}

    def _group(self, home: str) -> dict[str, Any]:
        office = {"type": "office", "value": dict(self._random.choice(OFFICES)) | {"line2": self._text()}}
        content = office if self._random.random() < 0.5 else {"type": "region", "value": self._text()}
        return {**content, "distributor_id": home, **self._wrong({"distributor_id": "nowhere"})}

    def _producer(self, home: str) -> dict[str, Any]:
        groups = [self._one(GROUPS, home)] if self._random.random() < 0.5 else []
        body = {"name": self._text(), "email": "a@example.com", "organization": {"id": home}, "groups": groups}
        return {**body, **self._wrong({"groups": ["nowhere"]})}

    def _wrong(self, reference: dict[str, Any]) -> dict[str, Any]:
        """Return what makes a body wrong, seldom anything."""
        chance = self._random.random()
        return {"colour": "green"} if chance < WRONG else reference if chance < 2 * WRONG else {}

    def _text(self) -> str:
        return f"text {self._random.randrange(10**6)}"


def _enveloped(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"attributes": attributes}}
