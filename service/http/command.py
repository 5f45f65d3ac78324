"""The outcome of a command, for its sender and for administration."""

from typing import Final, Literal, NotRequired

import orjson
from starlette.responses import Response
from typing_extensions import TypedDict

from service.contract.attribute_rule import MAX_ID, MAX_SOURCE_BYTES
from service.contract.data import CommandReference, ProblemData
from service.contract.http_source import http_source
from service.http import example
from service.http.answer import answer
from service.http.collection import MAX_OFFSET
from service.http.model import closed
from service.http.operation import Operation, RequestContext
from service.http.problem import not_found
from service.http.scope import ADMIN_READ
from service.http.value import optional_number, text
from service.store.command_states import SentCommand

MAX_RECORD_OFFSET: Final = 2**63 - 1

SOURCE: Final = text("source", "The source of the command.", MAX_SOURCE_BYTES, "/demo")
ID: Final = text("id", "The id of the command.", MAX_ID, "01")
PARTITION: Final = optional_number(
    "partition", "The partition of the command topic to which the command was sent.", high=MAX_OFFSET
)
OFFSET: Final = optional_number("offset", "The offset of the command in this partition.", high=MAX_RECORD_OFFSET)


@closed
class CommandStatus(TypedDict):
    """What became of a command: the status, and the data of its outcome if it has one."""

    status: Literal["pending", "accepted", "unchanged", "rejected", "dead-lettered"]
    command: NotRequired[CommandReference]
    subject: NotRequired[str | None]
    version: NotRequired[int | None]
    events: NotRequired[list[str]]
    problem: NotRequired[ProblemData]


async def _one(context: RequestContext) -> Response:
    query = context.query
    source, partition, offset = query[SOURCE], query[PARTITION], query[OFFSET]
    if source != http_source(context.caller.subject):
        context.caller.require(ADMIN_READ)
        if context.caller.organizations is not None:
            # The inbox does not know the organization of a command.
            raise not_found("id")
    is_placed = partition is not None and offset is not None
    origin = await context.source.commands.origin() if is_placed else None
    sent = SentCommand(source, query[ID], partition, offset)
    [state] = await context.reader.command_states([sent], context.source.commands.topics, origin)
    if state.status is not None and state.outcome is not None:
        # The outcome is a JSON object with members.
        body = b'{"status":%b,%b' % (orjson.dumps(state.status), state.outcome[1:])
        return answer(context.request, body)
    if not is_placed and not state.waits:
        raise not_found("id")
    if state.passed:
        return answer(context.request, orjson.dumps({"status": "dead-lettered"}))
    return answer(context.request, orjson.dumps({"status": "pending"}), headers={"Retry-After": "1"})


OPERATIONS: Final = (
    Operation(
        "/commands",
        "getCommand",
        "The outcome of a command",
        "Commands",
        None,
        _one,
        CommandStatus,
        example.COMMAND,
        (SOURCE, ID, PARTITION, OFFSET),
        "The sender of a command over HTTP may ask for it, whatever scopes the token has. Its source is `/http/` and "
        "the percent-encoded subject of the token. Other commands need the scope `admin:read`, in a token without "
        "the claim `organizations`.\n\n"
        "With the partition and the offset of its record, a command without an outcome is `pending` until all records "
        "up to this offset are decided, and `dead-lettered` afterwards. Without them, it is not found. A command that "
        "waits for its references is `pending`, too.",
    ),
)
