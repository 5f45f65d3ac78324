"""Random command histories over all types, with invalid commands and duplicates.

Pure: all randomness comes from the given `random.Random`. A history is a list of JSON-serializable dicts, so each
kind of test can send it in its own way. It does not depend on the core, and on the contract only for the attributes.

There are few ids, so that commands concern the same entities. With `contended=False` commands of different keys are
decided independently of each other: the result does not depend on the order in which the keys interleave. With
`contended=True` organizations also contend for code strings, usernames, insurer flags and references.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any, Literal, TypedDict

from tests.support.command_draw import BRANCHES, INSURER, MAKERS, OPERATOR, ORGANIZATIONS, PRODUCTS, ROLES, Draw


class Sent(TypedDict):
    """A command as its sender writes it; `type` is the short name such as `group.create`."""

    topic: Literal["commands", "operator"]
    source: str
    id: str
    type: str
    subject: str | None
    expectedversion: int | None
    data: dict[str, Any]
    key: str


def foundation() -> list[Sent]:
    """Return the commands that every history depends on. Send the operator's part first and await its outcomes."""
    puts: list[tuple[str, str, dict[str, Any]]] = [
        *(("organization.put", it, {"displayName": it, "insurer": it == INSURER}) for it in ORGANIZATIONS),
        *(("role.put", it, {"displayName": it}) for it in ROLES),
        *(("branch.put", it, {"branchCode": it[-3:], "displayName": it}) for it in BRANCHES),
        *(("product.put", it, {"name": it, "institution_id": "ins_1", "product_line": "cyber"}) for it in PRODUCTS),
    ]
    creates: list[tuple[str, str, dict[str, Any]]] = []
    for it in ORGANIZATIONS:
        region = {"type": "region", "value": "West", "distributor_id": it}
        code = {"code": f"{it}-fixed", "organization": {"id": it}, "roles": [{"id": role} for role in ROLES[:2]]}
        creates += [
            ("group.create", f"{it}-group-fixed", region),
            ("group.create", f"{it}-group-selling", region),
            ("producer-code.create", f"{it}-code-fixed", code),
        ]
    sent = [_sent(f"foundation-{n}", type_, subject, data, subject) for n, (type_, subject, data) in enumerate(puts)]
    return sent + [
        _sent(f"foundation-{n}", type_, subject, data, subject.partition("-")[0])
        for n, (type_, subject, data) in enumerate(creates, len(puts))
    ]


def history(random: Random, count: int, *, contended: bool = False, run: str = "") -> list[Sent]:
    """Return `count` commands that follow the foundation.

    `run` distinguishes the ids of several histories. About one in twelve repeats an earlier command (same topic,
    source, id and key; one in three of these has another body). About one in twelve is invalid.
    """
    types = list(MAKERS)
    weights = [MAKERS[type_][0] for type_ in types]
    commands: list[Sent] = []
    for number in range(count):
        if commands and random.random() < 0.08:
            commands.append(_repeated(random, random.choice(commands)))
            continue
        type_ = random.choices(types, weights)[0]
        draw = Draw(random, random.choice(ORGANIZATIONS), contended)
        subject, data = MAKERS[type_][1](draw)
        key = subject if type_ in OPERATOR else draw.home
        # The same id from two sources identifies two commands.
        sent = _sent(f"{run}{number // 2}", type_, subject, data, key, source=("/agency", "/broker")[number % 2])
        if random.random() < 0.12:
            sent["expectedversion"] = random.randint(0, 3)
        if type_.endswith(".create") and random.random() < 0.05:
            sent["subject"] = None
        if random.random() < 0.08:
            _spoil(random, sent)
        commands.append(sent)
    return commands


def _sent(id_: str, type_: str, subject: str, data: dict[str, Any], key: str, *, source: str = "/agency") -> Sent:
    return {
        "topic": "operator" if type_ in OPERATOR else "commands",
        "source": source,
        "id": id_,
        "type": type_,
        "subject": subject,
        "expectedversion": None,
        "data": data,
        "key": key,
    }


def _repeated(random: Random, earlier: Sent) -> Sent:
    again: Sent = json.loads(json.dumps(earlier))
    if random.random() < 0.3:
        again["data"] = {"name": "Somebody else"}
    return again


def _spoil(random: Random, sent: Sent) -> None:
    data = sent["data"]
    wrong = random.randrange(6)
    if wrong == 0 or not data:
        data["colour"] = "green"
    elif wrong == 1:
        # Keep the insurer flag: commands of all keys depend on it.
        data.pop(random.choice([name for name in data if name != "insurer"]))
    elif wrong == 2:
        data[random.choice(list(data))] = 17
    elif wrong == 3:
        data[random.choice(list(data))] = "NUL \0 inside"
    elif wrong == 4:
        # Commands on the other topic have no order relative to the subject's own, so this one names an unknown subject.
        sent["topic"] = "commands" if sent["topic"] == "operator" else "operator"
        sent["subject"] = "nowhere"
    else:
        sent["subject"] = random.choice((None, "-not an id"))
