"""Commands of every type with all attributes that a sender may use, as events in the JSON format of CloudEvents."""

from collections.abc import Mapping
from typing import Any

from service.contract.catalogue import wire_type

ADDRESS = {
    "line1": "1 Rüdiger Straße", "city": "San Diego", "state": "CA", "postal_code": "92101", "country_code": "US",
}  # fmt: skip
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TIME = "2026-11-29T10:00:00.123Z"

Event = dict[str, Any]


class Commands:
    """Commands of one sender about objects of its own, in the order in which they can be accepted.

    All texts have characters outside of ASCII.
    """

    def __init__(self, sender: str) -> None:
        self.sender = sender
        self.organization = f"{sender}:organization"
        self._role, self._product, self._branch = f"{sender}:role", f"{sender}:product", f"{sender}:branch"
        self._group, self._code, self._user = f"{sender}:group", f"{sender}:code", f"{sender}:user"

    def directory(self, name: str = "Überland") -> list[Event]:
        """Put an organization, a branch, a role and a product; another name changes them."""
        more: dict[str, Any] = {"displayName": name}
        product = {"name": name, "institution_id": "ins_1", "product_line": "cyber"}
        return [
            self._event("organization.put", self.organization, more, dataschema="urn:example:organization"),
            self._event("branch.put", self._branch, {"branchCode": "301", **more}),
            self._event("role.put", self._role, {**more, "permissions": ["quote job"]}),
            self._event("product.put", self._product, product),
        ]

    def objects(self) -> list[Event]:
        """Create and change a group, a producer code and a user, and associate them."""
        group = {"type": "office", "value": ADDRESS, "distributor_id": self.organization}
        moved = {"type": "office", "value": {**ADDRESS, "line2": "Étage 3"}}
        code = {
            "code": f"{self.sender}/301-008579",
            "organization": {"id": self.organization},
            "roles": [{"id": self._role}],
        }
        user = {"name": "Zoë Ångström", "email": "zoe@example.com", "distributor_id": self.organization}
        changed = {"description": "Größere Verträge", "branch": {"id": self._branch}, "appointmentDate": "2022-07-09"}
        return [
            self._event("group.create", self._group, group, expectedversion=0),
            self._event("group.update", self._group, moved, expectedversion=1),
            self._event("producer-code.create", self._code, code),
            self._event("producer-code.update", self._code, changed),
            self._event("user.create", self._user, user),
            self._event("user.update", self._user, {"external_id": "№ 17", "useProducerCodeSecurity": True}),
            self._event("user.join-group", self._user, {"group_id": self._group}),
            *self.associations("add"),
        ]

    def associations(self, action: str) -> list[Event]:
        """Add (`add`) or remove (`remove`) the producer code of the group and of the user."""
        code = {"producerCode": {"id": self._code}}
        return [
            self._event(f"group.{action}-producer-code", self._group, code),
            self._event(f"user.{action}-producer-code", self._user, code),
        ]

    def removals(self) -> list[Event]:
        """End all associations."""
        return [
            *self.associations("remove"),
            self._event("user.leave-group", self._user, {"group_id": self._group}),
        ]

    def products(self) -> list[Event]:
        """Grant the product to the group, and revoke it."""
        product = {"product_id": self._product}
        return [self._event(f"group.{action}-product", self._group, product) for action in ("grant", "revoke")]

    def _event(self, name: str, subject: str, data: Mapping[str, Any], **more: Any) -> Event:
        number = data.get("displayName", data.get("name", ""))
        return {
            "specversion": "1.0",
            "id": f"{self.sender}/{name}/{number}",
            "source": f"https://{self.sender}.example.com/crm",
            "type": wire_type(name),
            "subject": subject,
            "time": TIME,
            "datacontenttype": "application/json",
            "correlationid": "Prüfung ✓ 7",
            "traceparent": TRACE,
            "tracestate": "vendor=1",
            **more,
            "data": data,
        }
