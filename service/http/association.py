"""Associations: the codes of users and groups. An association has its own id."""

from typing import Final

from starlette.responses import Response

from service.http import example, resource
from service.http.collection import element, fields_parameter, page_parameters
from service.http.operation import Operation, RequestContext
from service.http.pages import Pages
from service.http.problem import not_found
from service.http.scope import ADMIN_READ
from service.http.write_access import EACH, Reference
from service.http.write_operation import Write
from service.store.code_page import Items, Page

USER_ATTRIBUTES: Final = ("id", "producerCode", "roles")
GROUP_ATTRIBUTES: Final = ("branch", "code", "description", "id", "producerCode", "producerStatus")

USER_FIELDS: Final = fields_parameter(USER_ATTRIBUTES)
GROUP_FIELDS: Final = fields_parameter(GROUP_ATTRIBUTES)


async def _of_user(context: RequestContext, page: Page) -> Items:
    items = await context.reader.codes_of_user(context.ids["userId"], context.caller.organizations, page)
    if items is None:
        raise not_found("userId")
    return items


async def _one_of_user(context: RequestContext) -> Response:
    found = await context.reader.code_of_user(
        context.ids["userId"], context.ids["producerCodeId"], context.caller.organizations, context.query[USER_FIELDS]
    )
    if found is None:
        raise not_found("producerCodeId")
    return element(context.request, found)


async def _of_group(context: RequestContext, page: Page) -> Items:
    items = await context.reader.codes_of_group(context.ids["groupId"], context.caller.organizations, page)
    if items is None:
        raise not_found("groupId")
    return items


async def _one_of_group(context: RequestContext) -> Response:
    found = await context.reader.code_of_group(
        context.ids["groupId"], context.ids["producerCodeId"], context.caller.organizations, context.query[GROUP_FIELDS]
    )
    if found is None:
        raise not_found("producerCodeId")
    return element(context.request, found)


_USER_PAGES: Final = Pages(_of_user, USER_FIELDS, owners=lambda _: 1)
_GROUP_PAGES: Final = Pages(_of_group, GROUP_FIELDS, owners=lambda _: 1)

_GET_OF_USER: Final = Operation(
    "/admin/v1/users/{userId}/producer-codes/{producerCodeId}",
    "getUserProducerCode",
    "One association of a user with a producer code",
    "Users",
    ADMIN_READ,
    _one_of_user,
    resource.UserProducerCodeElement,
    example.USER_CODE,
    (USER_FIELDS,),
    "The association has those roles of the code that the user has.",
)

_GET_OF_GROUP: Final = Operation(
    "/admin/v1/groups/{groupId}/producer-codes/{producerCodeId}",
    "getGroupProducerCode",
    "One association of a group with a producer code",
    "Groups",
    ADMIN_READ,
    _one_of_group,
    resource.GroupProducerCodeElement,
    example.GROUP_CODE,
    (GROUP_FIELDS,),
    "The association has the branch, the status and the description of the code.",
    aliases=("/admin/v1/group/{groupId}/producer-codes/{producerCodeId}",),
)

OPERATIONS: Final = (
    Operation(
        "/admin/v1/users/{userId}/producer-codes",
        "listUserProducerCodes",
        "Producer codes associated with a user",
        "Users",
        ADMIN_READ,
        _USER_PAGES.answer,
        resource.UserProducerCodePage,
        example.USER_CODE_PAGE,
        page_parameters(USER_ATTRIBUTES),
        "Sort keys and filters refer to the associated codes.",
        is_expensive=_USER_PAGES.is_expensive,
    ),
    _GET_OF_USER,
    Operation(
        "/admin/v1/groups/{groupId}/producer-codes",
        "listGroupProducerCodes",
        "Producer codes associated with a group",
        "Groups",
        ADMIN_READ,
        _GROUP_PAGES.answer,
        resource.GroupProducerCodePage,
        example.GROUP_CODE_PAGE,
        page_parameters(GROUP_ATTRIBUTES),
        "Sort keys and filters refer to the associated codes.",
        ("/admin/v1/group/{groupId}/producer-codes",),
        is_expensive=_GROUP_PAGES.is_expensive,
    ),
    _GET_OF_GROUP,
)

_OF_ASSOCIATION: Final = (Reference("code", ("producerCode", "id")), Reference("role", ("roles", EACH, "id")))

WRITES: Final = (
    Write(
        "POST",
        "/admin/v1/users/{userId}/producer-codes",
        "addUserProducerCode",
        "Associate a producer code with a user",
        "user.add-producer-code",
        "user",
        _GET_OF_USER,
        example.NEW_USER_CODE,
        subject="userId",
        references=_OF_ASSOCIATION,
    ),
    Write(
        "DELETE",
        "/admin/v1/users/{userId}/producer-codes/{producerCodeId}",
        "removeUserProducerCode",
        "Remove the association of a producer code with a user",
        "user.remove-producer-code",
        "user",
        _GET_OF_USER,
        subject="userId",
        references=_OF_ASSOCIATION,
    ),
    Write(
        "POST",
        "/admin/v1/groups/{groupId}/producer-codes",
        "addGroupProducerCode",
        "Associate a producer code with a group",
        "group.add-producer-code",
        "group",
        _GET_OF_GROUP,
        example.NEW_GROUP_CODE,
        subject="groupId",
        references=_OF_ASSOCIATION,
        aliases=("/admin/v1/group/{groupId}/producer-codes",),
    ),
    Write(
        "DELETE",
        "/admin/v1/groups/{groupId}/producer-codes/{producerCodeId}",
        "removeGroupProducerCode",
        "Remove the association of a producer code with a group",
        "group.remove-producer-code",
        "group",
        _GET_OF_GROUP,
        subject="groupId",
        references=_OF_ASSOCIATION,
        aliases=("/admin/v1/group/{groupId}/producer-codes/{producerCodeId}",),
    ),
)
