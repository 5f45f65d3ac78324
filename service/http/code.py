"""Producer codes: the codes available to the caller, and all codes for administration."""

from typing import Final

from starlette.responses import Response

from service.core.availability import RENEWAL, SUBMISSION
from service.http import example, resource
from service.http.collection import element, fields_parameter, page_parameters
from service.http.model import CodeAttributes
from service.http.operation import Operation, RequestContext
from service.http.pages import Pages
from service.http.problem import disabled, not_found
from service.http.scope import ACCOUNT_READ, ADMIN_READ
from service.http.value import choice, day
from service.http.write_access import EACH, Reference
from service.http.write_operation import Write
from service.store.code_page import Items, Page

ATTRIBUTES: Final = tuple(CodeAttributes.__annotations__)

USE: Final = choice("use", "The intended use of the codes.", [SUBMISSION, RENEWAL], SUBMISSION)
AS_OF_DATE: Final = day(
    "asOfDate",
    "The date on which the codes must be usable; today (UTC) by default.",
    "2026-11-22",
)
FIELDS: Final = fields_parameter(ATTRIBUTES)
_PAGE: Final = page_parameters(ATTRIBUTES)

MAX_GROUPS: Final = 10
"""Assumed number of a caller's groups. A caller with more has pages that cost more than a cheap one should."""


async def _of_caller(context: RequestContext, page: Page) -> Items:
    items = await context.reader.codes_of_caller(
        context.caller.subject,
        renewal=context.query[USE] == RENEWAL,
        on=context.query[AS_OF_DATE],
        visible=context.source.visible,
        page=page,
    )
    if items is None:
        raise disabled()
    return items


async def _all(context: RequestContext, page: Page) -> Items:
    return await context.reader.codes(context.caller.organizations, page)


async def _of_organization(context: RequestContext, page: Page) -> Items:
    organization_id = context.ids["organizationId"]
    seen = context.caller.sees(organization_id)
    items = await context.reader.codes_of_organization(organization_id, page) if seen else None
    if items is None:
        raise not_found("organizationId")
    return items


def _organizations(context: RequestContext) -> int | None:
    return None if context.caller.organizations is None else len(context.caller.organizations)


_CALLER_PAGES: Final = Pages(_of_caller, FIELDS, owners=lambda _: MAX_GROUPS)
_ALL_PAGES: Final = Pages(_all, FIELDS, owners=_organizations, by_index=True)
_ORGANIZATION_PAGES: Final = Pages(_of_organization, FIELDS, owners=lambda _: 1, by_index=True)


async def _one(context: RequestContext) -> Response:
    found = await context.reader.code(
        context.ids["producerCodeId"], context.caller.organizations, context.query[FIELDS]
    )
    if found is None:
        raise not_found("producerCodeId")
    return element(context.request, found)


async def _one_of_organization(context: RequestContext) -> Response:
    organization_id = context.ids["organizationId"]
    if not context.caller.sees(organization_id):
        raise not_found("organizationId")
    found = await context.reader.code(context.ids["producerCodeId"], [organization_id], context.query[FIELDS])
    if found is None:
        raise not_found("producerCodeId")
    return element(context.request, found)


_GET_ONE: Final = Operation(
    "/admin/v1/producer-codes/{producerCodeId}",
    "getProducerCode",
    "One producer code",
    "Producer codes",
    ADMIN_READ,
    _one,
    resource.CodeElement,
    example.CODE,
    (FIELDS,),
    "The code, whatever its status, with its organization, branch and roles.",
)

OPERATIONS: Final = (
    Operation(
        "/account/v1/producer-codes",
        "listCallerProducerCodes",
        "Producer codes available to the caller",
        "Account",
        ACCOUNT_READ,
        _CALLER_PAGES.answer,
        resource.CodePage,
        example.ACCOUNT_PAGE,
        (USE, AS_OF_DATE, *_PAGE),
        "A user subject to producer code security gets the usable codes that are associated with the user or with a "
        "group of the user. Other users get all usable codes. A caller who is not a user of the registry gets the "
        "usable codes that are externally visible. A disabled user gets 403.",
        is_expensive=_CALLER_PAGES.is_expensive,
    ),
    Operation(
        "/admin/v1/producer-codes",
        "listProducerCodes",
        "All producer codes, whatever their status",
        "Producer codes",
        ADMIN_READ,
        _ALL_PAGES.answer,
        resource.CodePage,
        example.CODE_PAGE,
        _PAGE,
        "All codes that the token may see, by default in the order of their strings.",
        is_expensive=_ALL_PAGES.is_expensive,
    ),
    _GET_ONE,
    Operation(
        "/admin/v1/organizations/{organizationId}/producer-codes",
        "listOrganizationProducerCodes",
        "Producer codes of an organization",
        "Organizations",
        ADMIN_READ,
        _ORGANIZATION_PAGES.answer,
        resource.CodePage,
        example.ORGANIZATION_CODE_PAGE,
        _PAGE,
        "All codes of the organization, whatever their status, by default in the order of their strings.",
        is_expensive=_ORGANIZATION_PAGES.is_expensive,
    ),
    Operation(
        "/admin/v1/organizations/{organizationId}/producer-codes/{producerCodeId}",
        "getOrganizationProducerCode",
        "One producer code of an organization",
        "Organizations",
        ADMIN_READ,
        _one_of_organization,
        resource.CodeElement,
        example.CODE,
        (FIELDS,),
        "The code is not found below another organization than its own.",
    ),
)

_REFERENCES: Final = (Reference("organization", ("organization", "id")), Reference("role", ("roles", EACH, "id")))

WRITES: Final = (
    Write(
        "POST",
        "/admin/v1/producer-codes",
        "createProducerCode",
        "Create a producer code",
        "producer-code.create",
        "code",
        _GET_ONE,
        example.NEW_CODE,
        references=_REFERENCES,
    ),
    Write(
        "PATCH",
        "/admin/v1/producer-codes/{producerCodeId}",
        "updateProducerCode",
        "Change attributes of a producer code",
        "producer-code.update",
        "code",
        _GET_ONE,
        example.CHANGED_CODE,
        subject="producerCodeId",
        references=_REFERENCES,
    ),
)
