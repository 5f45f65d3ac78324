"""Groups and producers (groups document)."""

from typing import Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

from service.contract.aggregate import user
from service.http import example, resource
from service.http.answer import answer
from service.http.base_path import public_path
from service.http.cursor import cursor, issued
from service.http.operation import Operation, RequestContext
from service.http.problem import not_found
from service.http.scope import ADMIN_READ
from service.http.value import choice, identifier, number
from service.http.write_access import EACH, Reference
from service.http.write_operation import Write
from service.store.page_cost import MAX_ENTRIES
from service.store.read_store import Listed, Organizations

TYPE: Final = choice("type", "Only groups of this type.", ["office", "region", "division"], None)
DISTRIBUTOR: Final = identifier("distributor_id", "Only items of this distributor.", "pc:4")
MANY_ITEMS: Final = 100
"""A page with more items is expensive: a group has its users, and a thousand users are hundreds of kilobytes."""

LIMIT: Final = number("limit", "The maximum number of items.", absent=100, low=1, high=1000)
GROUPS_CURSOR: Final = cursor("groups")
PRODUCERS_CURSOR: Final = cursor("producers")

_LINKED: Final = "If there is a next page, the response has a `Link` header with rel `next`."


async def _groups(context: RequestContext) -> Response:
    query = context.query
    found = await context.reader.groups(query[TYPE], _organizations(context), query[GROUPS_CURSOR] or "", query[LIMIT])
    return _list(context, "groups", found)


async def _group(context: RequestContext) -> Response:
    found = await context.reader.group(context.ids["groupId"], context.caller.organizations)
    return _one(context, "group", "groupId", found)


async def _producers(context: RequestContext) -> Response:
    found = await context.reader.users(
        _organizations(context), context.query[PRODUCERS_CURSOR] or "", context.query[LIMIT]
    )
    return _list(context, "producers", found)


async def _producer(context: RequestContext) -> Response:
    found = await context.reader.user(context.ids["producerId"], context.caller.organizations)
    return _one(context, "producer", "producerId", found)


async def _is_expensive(context: RequestContext) -> bool:
    """Return whether the page is long, or takes many rows: as many as it has, from the index of each organization."""
    limit, organizations = context.query[LIMIT], _organizations(context)
    return limit > MANY_ITEMS or (organizations is not None and len(organizations) * limit > MAX_ENTRIES)


def _organizations(context: RequestContext) -> Organizations:
    """Return the requested distributor if the caller may see it, or all organizations that the caller may see."""
    distributor = context.query[DISTRIBUTOR]
    if distributor is None:
        return context.caller.organizations
    return [distributor] if context.caller.sees(distributor) else []


def _list(context: RequestContext, name: str, found: Listed) -> Response:
    headers = {}
    if found.last is not None:
        pairs = [pair for pair in context.query.pairs if pair[0] != "cursor"]
        query = urlencode([*pairs, ("cursor", issued(name, found.last))], quote_via=quote, safe=":")
        headers["Link"] = f'<{public_path(context.request.scope)}?{query}>; rel="next"'
    return answer(context.request, b'{"%b":%b}' % (name.encode(), found.data.encode()), headers=headers)


def _one(context: RequestContext, name: str, parameter: str, found: Listed | None) -> Response:
    if found is None:
        raise not_found(parameter)
    body = b'{"%b":%b}' % (name.encode(), found.data[1:-1].encode())
    return answer(context.request, body, version=found.version)


_GET_GROUP: Final = Operation(
    "/groups/{groupId}",
    "getGroup",
    "One group with its producers and products",
    "Groups",
    ADMIN_READ,
    _group,
    resource.GroupElement,
    example.GROUP,
    description="The group has the users who are its members, and the products that it may sell. Both are null if "
    "there are none.",
)

_GET_PRODUCER: Final = Operation(
    "/producers/{producerId}",
    "getProducer",
    "One producer",
    "Producers",
    ADMIN_READ,
    _producer,
    resource.ProducerElement,
    example.PRODUCER,
    description="A producer is a user of the registry, with the ids of the groups of which it is a member.",
)

OPERATIONS: Final = (
    Operation(
        "/groups",
        "listGroups",
        "All groups",
        "Groups",
        ADMIN_READ,
        _groups,
        resource.GroupPage,
        example.GROUP_PAGE,
        (TYPE, DISTRIBUTOR, LIMIT, GROUPS_CURSOR),
        _LINKED,
        is_expensive=_is_expensive,
    ),
    _GET_GROUP,
    Operation(
        "/producers",
        "listProducers",
        "All producers",
        "Producers",
        ADMIN_READ,
        _producers,
        resource.ProducerPage,
        example.PRODUCER_PAGE,
        (DISTRIBUTOR, LIMIT, PRODUCERS_CURSOR),
        _LINKED,
        is_expensive=_is_expensive,
    ),
    _GET_PRODUCER,
)

_OF_GROUP: Final = (Reference("organization", ("distributor_id",)),)
_OF_PRODUCER: Final = (
    Reference("organization", ("organization", "id")),
    Reference("organization", ("distributor_id",)),
    Reference("group", ("groups", EACH)),
)

WRITES: Final = (
    Write(
        "POST",
        "/groups",
        "createGroup",
        "Create a group",
        "group.create",
        "group",
        _GET_GROUP,
        example.NEW_GROUP,
        references=_OF_GROUP,
        enveloped=False,
    ),
    Write(
        "PUT",
        "/groups/{groupId}",
        "replaceGroup",
        "Replace the type and value of a group",
        "group.update",
        "group",
        _GET_GROUP,
        example.CHANGED_GROUP,
        subject="groupId",
        references=_OF_GROUP,
        enveloped=False,
    ),
    Write(
        "POST",
        "/producers",
        "createProducer",
        "Create a producer",
        "user.create",
        "user",
        _GET_PRODUCER,
        example.NEW_PRODUCER,
        references=_OF_PRODUCER,
        enveloped=False,
    ),
    Write(
        "PUT",
        "/producers/{producerId}",
        "replaceProducer",
        "Replace the attributes of a producer",
        "user.update",
        "user",
        _GET_PRODUCER,
        example.CHANGED_PRODUCER,
        subject="producerId",
        references=_OF_PRODUCER,
        enveloped=False,
        replacement=user.REPLACEMENT,
    ),
)
