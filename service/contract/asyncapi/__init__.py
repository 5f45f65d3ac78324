"""The AsyncAPI 3 document of an installation, generated from the catalogue, the plan of topics and the JSON Schemas.

`python -m service.contract.asyncapi` prints the document of the settings in the environment.
"""

from __future__ import annotations

from typing import Any, Final

from service.contract.asyncapi.channel import Channel, channel_object, channels
from service.contract.asyncapi.example import examples
from service.contract.asyncapi.message import messages
from service.contract.asyncapi.schema import schemas
from service.contract.asyncapi.server import security_schemes, servers
from service.contract.topic_plan import plan
from service.contract.topics import Topics
from service.information import contact_object, license_object
from service.settings import Settings
from service.version import VERSION

_DESCRIPTION: Final = (
    "The registry reads commands, and publishes change events and outcomes, as CloudEvents 1.0 on Kafka. Commands are "
    "accepted in the binary and in the structured content mode; all other messages are written in the binary mode. "
    "Bodies are JSON in UTF-8. Commands are closed: an unknown field is rejected. Events, outcomes and states are "
    "open: ignore headers, fields and types that you do not know. The registry writes no Kafka transactions: "
    "`isolation.level` makes no difference. The operator gives the bootstrap servers unless `servers` names them, the "
    "login, and the allowed names of consumer groups."
)
_TAGS: Final = {
    "commands": "Messages that senders write.",
    "group": "Events of groups.",
    "code": "Events of producer codes.",
    "user": "Events of users.",
    "directory": "Events of organizations, branches, roles and products.",
    "states": "The last state of each object and association, in compacted topics.",
    "outcomes": "The outcome of each command.",
    "deadLetters": "Records that are not commands.",
}
_CORRELATIONS: Final = {
    "command": ("$message.header#/ce_id", "The id of the command; event and outcome have it as `ce_causationid`."),
    "structuredCommand": (
        "$message.payload#/id",
        "The id of the command; event and outcome have it as `ce_causationid`.",
    ),
    "cause": (
        "$message.header#/ce_causationid",
        "The id of the command. Senders may choose the same id: compare `command.source` in the outcome, too. Do not "
        "use one id on both command topics: the outcome does not name the topic.",
    ),
}
_REPLY: Final = (
    "One outcome for each command, on the topic in `ce_replyto` (`replyto` in the structured mode), or on the topic of "
    "the channel `outcomes`. To wait for it, note the end offsets of all partitions of that topic before you send, and "
    "read from there. A command without an outcome is among the dead letters, or not yet decided."
)


def document(settings: Settings) -> dict[str, Any]:
    """Return the AsyncAPI document of an installation."""
    topics = Topics(settings.topic_prefix, settings.schema_base_uri)
    planned = {topic.name: topic for topic in plan(settings)}
    replies = bool(settings.reply_topics)
    # Topics of states are planned unless they are turned off.
    shown = [one for one in channels(topics, settings) if not one.topic or one.topic in planned]
    schemes = security_schemes(settings)
    brokers = servers(settings)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Producer registry",
            "version": VERSION,
            "description": _DESCRIPTION,
            "contact": contact_object(settings),
            "license": license_object(),
            "tags": [{"$ref": f"#/components/tags/{tag}"} for tag in _TAGS],
        },
        "defaultContentType": "application/json",
        **({"servers": brokers} if brokers else {}),
        "channels": {one.name: channel_object(one, planned.get(one.topic or "")) for one in shown},
        "operations": {_operation_name(one): _operation(one) for one in shown if one.topic},
        "components": {
            "messages": {
                name: {**message, "examples": examples(name, topics)} for name, message in messages(replies=replies)
            },
            "schemas": schemas(replies=replies),
            "tags": {name: {"name": name, "description": text} for name, text in _TAGS.items()},
            "correlationIds": {
                name: {"location": location, "description": text} for name, (location, text) in _CORRELATIONS.items()
            },
            **({"securitySchemes": schemes} if schemes else {}),
        },
    }


def _operation_name(channel: Channel) -> str:
    return f"{channel.action}{channel.name[0].upper()}{channel.name[1:]}"


def _operation(channel: Channel) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "action": channel.action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "title": f"{channel.action.capitalize()} {channel.title.lower()}",
        "summary": channel.summary,
        "tags": [{"$ref": f"#/components/tags/{channel.tag}"}],
    }
    if channel.action == "receive":
        operation["reply"] = {
            "address": {"location": "$message.header#/ce_replyto", "description": _REPLY},
            "channel": {"$ref": "#/channels/replies"},
        }
    return operation
