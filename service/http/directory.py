"""Organizations and roles: the targets of the `uri` attributes of codes."""

from typing import Final

import orjson
from starlette.responses import Response

from service.http import example, resource
from service.http.answer import answer, made_tag
from service.http.operation import Operation, RequestContext
from service.http.problem import not_found
from service.http.scope import ADMIN_READ
from service.store.read_store import Attributes


async def _organization(context: RequestContext) -> Response:
    organization_id = context.ids["organizationId"]
    seen = context.caller.sees(organization_id)
    return _element(context, await context.reader.organization(organization_id) if seen else None, "organizationId")


async def _role(context: RequestContext) -> Response:
    # Roles belong to no organization: all callers may see them, except callers restricted to no organization.
    seen = context.caller.organizations != ()
    return _element(context, await context.reader.role(context.ids["roleId"]) if seen else None, "roleId")


def _element(context: RequestContext, found: Attributes | None, name: str) -> Response:
    if found is None:
        raise not_found(name)
    attributes = found.attributes.encode()
    tag = made_tag(found.version, attributes)
    links = orjson.dumps({"self": {"href": context.request.scope["path"], "methods": ["get"]}})
    body = b'{"data":{"attributes":%b,"checksum":"%b","links":%b}}' % (attributes, tag.encode(), links)
    return answer(context.request, body, tag=tag)


OPERATIONS: Final = (
    Operation(
        "/admin/v1/organizations/{organizationId}",
        "getOrganization",
        "One organization",
        "Organizations",
        ADMIN_READ,
        _organization,
        resource.OrganizationElement,
        example.ORGANIZATION,
        description="The `uri` of an organization in other responses is this path.",
    ),
    Operation(
        "/admin/v1/roles/{roleId}",
        "getRole",
        "One role",
        "Roles",
        ADMIN_READ,
        _role,
        resource.RoleElement,
        example.ROLE,
        description="The `uri` of a role in other responses is this path.",
    ),
)
