"""The content of random commands: small pools of ids, and a function for each type that returns subject and data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Literal

from service.contract.aggregate import directory, producer_code, user
from service.contract.attribute import DATE, FLAGS, OPTIONAL_TEXT, STATUS, Attribute, Kind

ORGANIZATIONS: Final = ("armstrong", "acv", "allrisk")
INSURER: Final = "allrisk"
ROLES: Final = ("producer", "submission", "quoter")
BRANCHES: Final = ("branch-301", "branch-501")
PRODUCTS: Final = ("prd_1", "prd_2", "prd_3")
STATUSES: Final = ("Active", "Limited", "Suspended", "Terminating", "Terminated")
DATES: Final = (None, "2022-07-09", "2023-07-09", "2024-12-31")
OFFICES: Final[tuple[dict[str, Any], ...]] = (
    {"line1": "1 Spring Street", "city": "Los Angeles", "state": "CA", "postal_code": "90001", "country_code": "US"},
    {
        "line1": "7 Main Street",
        "line2": "Floor 3",
        "city": "Minneapolis",
        "state": "MN",
        "postal_code": "55401",
        "country_code": "US",
    },
)


@dataclass(frozen=True)
class Draw:
    """The source of a command's parts: the pools of one organization, and sometimes ids outside of them."""

    random: Random
    home: str
    contended: bool

    def chance(self, share: float) -> bool:
        """Return True with this probability."""
        return self.random.random() < share

    def organization(self) -> str:
        """Pick the own organization, or any organization when they contend."""
        return self.random.choice(ORGANIZATIONS) if self.contended and self.chance(0.3) else self.home

    def own(self, kind: Literal["group", "user", "code"]) -> str:
        """Pick the id of an entity that may or may not exist."""
        return f"{self.organization()}-{kind}-{self.random.randint(1, 4)}"

    def reference(self, kind: Literal["group", "code"]) -> str:
        """Pick a referenced id: mostly of the own organization, else of another one's fixture or an unknown one."""
        if self.chance(0.1):
            return f"no-{kind}"
        return f"{self.random.choice(ORGANIZATIONS)}-{kind}-fixed" if self.chance(0.25) else self.own(kind)

    def directory(self, known: tuple[str, ...]) -> str:
        """Pick the id of a role, branch or product, seldom an unknown one."""
        return "nothing" if self.chance(0.04) else self.random.choice(known)

    def roles(self) -> list[dict[str, str]]:
        """Pick one or two roles; repeats are possible."""
        return [{"id": self.directory(ROLES)} for _ in range(self.random.randint(1, 2))]

    def some(self, fields: dict[str, Callable[[], Any]], share: float) -> dict[str, Any]:
        """Pick some of the fields and a value for each."""
        return {name: value() for name, value in fields.items() if self.chance(share)}


def _group(draw: Draw) -> tuple[str, dict[str, Any]]:
    if draw.chance(0.5):
        data: dict[str, Any] = {"type": "office", "value": dict(draw.random.choice(OFFICES))}
    else:
        data = {"type": draw.random.choice(("region", "division")), "value": draw.random.choice(("West", "East"))}
    return draw.own("group"), data


def _create_group(draw: Draw) -> tuple[str, dict[str, Any]]:
    subject, data = _group(draw)
    return subject, {**data, "distributor_id": draw.directory((draw.home,))}


def _update_group(draw: Draw) -> tuple[str, dict[str, Any]]:
    subject, data = _group(draw)
    return subject, data | draw.some({"distributor_id": lambda: draw.directory((draw.home,))}, 0.5)


def _group_code(draw: Draw) -> tuple[str, dict[str, Any]]:
    return draw.own("group"), {"producerCode": {"id": draw.reference("code")}}


def _group_product(draw: Draw) -> tuple[str, dict[str, Any]]:
    subject = draw.own("group") if draw.contended else f"{draw.home}-group-selling"
    return subject, {"product_id": draw.directory(PRODUCTS)}


def _fields(
    draw: Draw, attributes: Iterable[Attribute], own: dict[str, Callable[[], Any]]
) -> dict[str, Callable[[], Any]]:
    """Return a function for each attribute, in their order: its own one, or that of its kind; others are left out."""
    values: dict[Kind, Callable[[], Any]] = {
        OPTIONAL_TEXT: lambda: draw.random.choice((None, "Premier clients", "Los Angeles branch")),
        DATE: lambda: draw.random.choice(DATES),
        **dict.fromkeys(FLAGS, lambda: draw.random.choice((True, False, None))),
        STATUS: lambda: {"code": draw.random.choice(STATUSES)},
    }
    return {a.name: own.get(a.name) or values[a.kind] for a in attributes if a.name in own or a.kind in values}


def _code_fields(draw: Draw) -> dict[str, Callable[[], Any]]:
    own = {"branch": lambda: None if draw.chance(0.3) else {"id": draw.directory(BRANCHES)}}
    return _fields(draw, producer_code.ATTRIBUTES, own)


def _code_string(draw: Draw) -> str:
    text = f"{draw.organization()}-{draw.random.randint(1, 5)}"
    return text.upper() if draw.chance(0.3) else text


def _create_code(draw: Draw) -> tuple[str, dict[str, Any]]:
    organization = {"id": draw.directory((draw.home,))}
    data = {"code": _code_string(draw), "organization": organization, "roles": draw.roles()}
    return draw.own("code"), data | draw.some(_code_fields(draw), 0.2)


def _update_code(draw: Draw) -> tuple[str, dict[str, Any]]:
    data = draw.some(_code_fields(draw), 0.3) | draw.some({"roles": draw.roles}, 0.3)
    return draw.own("code"), data | draw.some({"code": lambda: _code_string(draw)}, 0.1)


def _user_fields(draw: Draw) -> dict[str, Callable[[], Any]]:
    own: dict[str, Callable[[], Any]] = {
        "username": lambda: None if draw.chance(0.2) else f"{draw.organization()}.{draw.random.randint(1, 4)}",
        "groups": lambda: [draw.reference("group") for _ in range(draw.random.randint(0, 2))],
    }
    return _fields(draw, user.ATTRIBUTES, own)


def _create_user(draw: Draw) -> tuple[str, dict[str, Any]]:
    home = draw.directory((draw.home,))
    organization: dict[str, Any] = {"distributor_id": home} if draw.chance(0.5) else {"organization": {"id": home}}
    data = {"name": draw.random.choice(("Ann", "Bob")), "email": "a@example.com", **organization}
    return draw.own("user"), data | draw.some(_user_fields(draw), 0.2)


def _update_user(draw: Draw) -> tuple[str, dict[str, Any]]:
    plain: dict[str, Callable[[], Any]] = {
        "name": lambda: draw.random.choice(("Ann", "Bob", "Cleo")),
        "distributor_id": lambda: draw.directory((draw.home,)),
    }
    return draw.own("user"), draw.some(plain | _user_fields(draw), 0.25)


def _membership(draw: Draw) -> tuple[str, dict[str, Any]]:
    return draw.own("user"), {"group_id": draw.reference("group")}


def _user_code(draw: Draw) -> tuple[str, dict[str, Any]]:
    return draw.own("user"), {"producerCode": {"id": draw.reference("code")}, **draw.some({"roles": draw.roles}, 0.3)}


def _organization(draw: Draw) -> tuple[str, dict[str, Any]]:
    insurer = draw.chance(0.5) if draw.contended else draw.home == INSURER
    own = {"domains": lambda: draw.random.sample(("a.example", "b.example"), draw.random.randint(0, 2))}
    fields = _fields(draw, [a for a in directory.ORGANIZATION if a.name != "insurer"], own)
    return draw.home, {"displayName": f"{draw.home} {draw.random.randint(1, 2)}", "insurer": insurer} | draw.some(
        fields, 0.4
    )


def _role(draw: Draw) -> tuple[str, dict[str, Any]]:
    permissions = draw.random.choices(("create account", "quote job"), k=draw.random.randint(0, 3))
    return draw.random.choice(ROLES), {"displayName": "Role", "permissions": permissions}


def _branch(draw: Draw) -> tuple[str, dict[str, Any]]:
    subject = draw.random.choice(BRANCHES)
    return subject, {"branchCode": subject[-3:], "displayName": f"Branch {draw.random.randint(1, 3)}"}


def _product(draw: Draw) -> tuple[str, dict[str, Any]]:
    name = draw.random.choice(("Cyber", "Liability"))
    return draw.random.choice(PRODUCTS), {"name": name, "institution_id": "ins_1", "product_line": "cyber"}


MAKERS: Final[dict[str, tuple[int, Callable[[Draw], tuple[str, dict[str, Any]]]]]] = {
    "group.create": (8, _create_group),
    "group.update": (6, _update_group),
    "group.add-producer-code": (8, _group_code),
    "group.remove-producer-code": (4, _group_code),
    "producer-code.create": (10, _create_code),
    "producer-code.update": (10, _update_code),
    "user.create": (8, _create_user),
    "user.update": (10, _update_user),
    "user.join-group": (6, _membership),
    "user.leave-group": (3, _membership),
    "user.add-producer-code": (10, _user_code),
    "user.remove-producer-code": (4, _user_code),
    "organization.put": (3, _organization),
    "branch.put": (1, _branch),
    "role.put": (1, _role),
    "product.put": (1, _product),
    "group.grant-product": (3, _group_product),
    "group.revoke-product": (2, _group_product),
}
"""For each type its relative frequency, and the function that returns its subject and data."""

OPERATOR: Final = frozenset(
    ("organization.put", "branch.put", "role.put", "product.put", "group.grant-product", "group.revoke-product")
)
