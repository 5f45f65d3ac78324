"""Organizations and roles: what the `uri` of a code's organization and roles points at."""

from typing import Final

import orjson
from starlette.responses import Response

from service.http import example, resource
from service.http.answer import answer, made_tag
from service.http.operation import Asked, Operation
from service.http.problem import not_found
from service.store.read_store import Attributes


async def _organization(asked: Asked) -> Response:
    organization_id = asked.ids["organizationId"]
    seen = asked.caller.sees(organization_id)
    return _element(asked, await asked.reader.organization(organization_id) if seen else None, "organizationId")


async def _role(asked: Asked) -> Response:
    # A role belongs to no organization, so whoever sees any sees it; a caller narrowed to nothing sees nothing.
    seen = asked.caller.organizations != ()
    return _element(asked, await asked.reader.role(asked.ids["roleId"]) if seen else None, "roleId")


def _element(asked: Asked, found: Attributes | None, name: str) -> Response:
    if found is None:
        raise not_found(name)
    attributes = found.attributes.encode()
    tag = made_tag(found.version, attributes)
    links = orjson.dumps({"self": {"href": asked.request.scope["path"], "methods": ["get"]}})
    body = b'{"data":{"attributes":%b,"checksum":"%b","links":%b}}' % (attributes, tag.encode(), links)
    return answer(asked.request, body, tag=tag)


OPERATIONS: Final = (
    Operation(
        "/admin/v1/organizations/{organizationId}",
        "getOrganization",
        "One organization",
        "Organizations",
        "admin:read",
        _organization,
        resource.OrganizationElement,
        example.ORGANIZATION,
    ),
    Operation(
        "/admin/v1/roles/{roleId}",
        "getRole",
        "One role",
        "Roles",
        "admin:read",
        _role,
        resource.RoleElement,
        example.ROLE,
    ),
)
