"""The channels: one for each topic, and one for outcomes on a topic that the sender names.

A topic needs an entry in `service.contract.topic_plan`, a `Channel` here, and its messages in
`service.contract.asyncapi.message`. Retention, cleanup policy, partitions and limits are those of the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from service.contract.asyncapi.binding import topic_binding
from service.contract.asyncapi.dead_letter_message import LETTER, MARKER
from service.contract.asyncapi.message import STRUCTURED_SUFFIX
from service.contract.asyncapi.name import STATE_SUFFIX, TOMBSTONE, message_ref, type_name
from service.contract.asyncapi.state_message import STATE_KEYS
from service.contract.catalogue import COMMANDS, EVENTS, OUTCOMES, SNAPSHOTS, AggregateType
from service.contract.topic_plan import DAY_MS, Planned
from service.contract.topics import Topics
from service.settings import Settings

PARTITION: Final = (
    "by the hash murmur2 of the key, which is the default of the Java client (`partitioner=murmur2_random` in "
    "librdkafka)"
)
EVENT_ORDER: Final = (
    "events of one subject have the order of their versions, whatever keys and topics their commands had; there is no "
    "order between subjects"
)
EVENT_DELIVERY: Final = (
    "at least once. A duplicate has the same `ce_id` and the same `ce_sequence`: keep the highest `ce_sequence` of "
    "each subject together with the data, and skip a message that is not higher"
)
OUTCOME_ORDER: Final = (
    "outcomes of commands of one topic with the same key have the order of the decisions; there is no other order, "
    "even for one subject"
)
OUTCOME_DELIVERY: Final = (
    "at least once. Find the outcome of a command by `ce_causationid` and `command.source`. A copy has the same "
    "`ce_id` and the same `ce_sequence`. An outcome with `ce_replayed` answers a duplicate command: it has the `ce_id` "
    "of the first outcome and a new `ce_sequence`"
)

STATE_ORDER: Final = (
    "records of one key have the order of `ce_sequence`; there is no order between keys and topics: an "
    "association may come before its code. Several changes in one transaction of the registry's database are one record"
)
STATE_DELIVERY: Final = (
    "at least once. A duplicate has the same `ce_id` and the same `ce_sequence`: keep the highest `ce_sequence` of "
    "each key, also that of a tombstone, and skip a record that is not higher"
)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel: `topic` is None if a message names it. `messages` are names in the components.

    `key`, `order` and `delivery` are sentences without a full stop. `limit` is about the size of a body, or empty.
    `action` is what the registry does.
    """

    name: str
    title: str
    topic: str | None
    summary: str
    key: str
    order: str
    delivery: str
    messages: tuple[str, ...]
    tag: str
    action: Literal["receive", "send"] = "send"
    partition: str = PARTITION
    limit: str = ""


def channels(topics: Topics, settings: Settings) -> Iterator[Channel]:
    """Yield the channels of an installation, in the order of its topics."""
    yield from _commands(topics, settings)
    for aggregate, topic in topics.events.items():
        names = [kind.name for kind in (*EVENTS, *SNAPSHOTS) if kind.aggregate == aggregate]
        yield Channel(
            f"{aggregate}Events",
            f"{_NOUNS[aggregate][0]} events",
            topic,
            f"Change events of {_NOUNS[aggregate][1]}, and their current states after a resend.",
            "the subject",
            EVENT_ORDER,
            EVENT_DELIVERY,
            tuple(map(type_name, names)),
            aggregate,
        )
    yield from _outcomes(topics)
    yield Channel(
        "deadLetters",
        "Dead letters",
        topics.dead_letters,
        "Records that cannot be read as commands, and the marks of operators.",
        "the key of the record; of a mark, the address of the dead letter",
        "dead letters of one partition of a topic have the order of their records, if their key is the same",
        "at least once. A duplicate has the same origin: topic, partition and offset in its headers",
        (LETTER, MARKER),
        "deadLetters",
    )
    for aggregate, topic in topics.states.items():
        kinds = [kind.name for kind in SNAPSHOTS if kind.aggregate == aggregate]
        yield Channel(
            f"{aggregate}State",
            f"{_NOUNS[aggregate][0]} state",
            topic,
            f"The last state of {_NOUNS[aggregate][1]}: a new subscriber reads each partition up to the end offset "
            "that it had at the start. Offsets have gaps.",
            STATE_KEYS[aggregate],
            STATE_ORDER,
            STATE_DELIVERY,
            (*(f"{type_name(kind)}{STATE_SUFFIX}" for kind in kinds), TOMBSTONE),
            "states",
        )


_NOUNS: Final[dict[AggregateType, tuple[str, str]]] = {
    "group": ("Group", "groups, with their products and producer codes"),
    "code": ("Code", "producer codes"),
    "user": ("User", "users, with their groups and producer codes"),
    "directory": ("Directory", "organizations, branches, roles and products"),
}
_IDENTITY: Final = (
    "at least once. A command is identified by topic, source and id: send it again with the same three at any time. A "
    "duplicate changes nothing, even if its data differ, and gets the first outcome again, with the header "
    "`ce_replayed`. Ids are remembered for {days} days"
)


def _commands(topics: Topics, settings: Settings) -> Iterator[Channel]:
    limit = (
        f"a body has at most {settings.max_body_bytes:,} bytes, in the structured mode with its attributes, and so "
        "does a key. A longer one becomes a dead letter"
    )
    for name, title, topic, operator, summary, key in (
        (
            "commands",
            "Commands",
            topics.commands,
            False,
            "Commands for groups, producer codes and users.",
            "the id of the organization (recommended), or the subject",
        ),
        (
            "operatorCommands",
            "Operator commands",
            topics.operator_commands,
            True,
            "Commands of the operator: organizations, branches, roles, products, and the products of groups.",
            "the subject",
        ),
    ):
        names = [type_name(kind.name) for kind in COMMANDS if kind.operator == operator]
        yield Channel(
            name,
            title,
            topic,
            summary,
            key,
            "commands with the same key are decided in the order in which they were sent. There is no order between "
            "the two command topics: wait for the outcome of an operator command that later commands need",
            _IDENTITY.format(days=settings.inbox_retention_days),
            (*names, *(f"{name}{STRUCTURED_SUFFIX}" for name in names)),
            "commands",
            action="receive",
            limit=limit,
        )


def _outcomes(topics: Topics) -> Iterator[Channel]:
    messages = tuple(type_name(f"command.{status}") for status in OUTCOMES)
    for name, title, topic, summary in (
        ("outcomes", "Outcomes", topics.outcomes, "One outcome for each command that names no other topic."),
        ("replies", "Replies", None, "Outcomes on the topic in `ce_replyto` of their command."),
    ):
        yield Channel(
            name,
            title,
            topic,
            summary,
            "the key of the command",
            OUTCOME_ORDER,
            OUTCOME_DELIVERY,
            messages,
            "outcomes",
        )


def channel_object(channel: Channel, planned: Planned | None) -> dict[str, Any]:
    """Return the channel in the document; `planned` is its topic, None if a message names it."""
    facts = [
        ("Key", channel.key),
        ("Partition", f"{channel.partition}{'' if planned is None else f'; {planned.partitions} partitions'}"),
        ("Order", channel.order),
        ("Delivery", channel.delivery),
        ("Size", channel.limit),
        ("Retention", "" if planned is None else _retention(planned)),
    ]
    return {
        "address": channel.topic,
        "title": channel.title,
        "summary": channel.summary,
        "description": "\n".join(f"- **{name}:** {text}." for name, text in facts if text),
        "messages": {name: message_ref(name) for name in channel.messages},
        "tags": [{"$ref": f"#/components/tags/{channel.tag}"}],
        **({} if planned is None else {"bindings": {"kafka": topic_binding(planned)}}),
    }


def _retention(planned: Planned) -> str:
    configs = planned.configs
    if configs["cleanup.policy"] == "compact":
        return (
            "the last record of each key is kept for good (compacted); a record without a value ends its key. Such a "
            f"record is kept for {int(configs['delete.retention.ms']) / DAY_MS:g} days: a subscriber that was away for "
            "longer empties its copy and reads from offset 0"
        )
    days = int(configs["retention.ms"]) / DAY_MS
    return f"records are kept for {days:g} days and then deleted"
