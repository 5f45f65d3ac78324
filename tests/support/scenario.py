"""The people and companies of the seed documents as commands, for tests that need a registry with data."""

from tests.support.record import TOPICS, Log

ACTIVE = {"code": "Active"}
ADDRESS = {
    "line1": "1 Market Street", "city": "San Diego", "state": "CA", "postal_code": "92101", "country_code": "USA",
}  # fmt: skip


def directory() -> Log:
    """Organizations, branch, roles and a product, on the operator topic."""
    log = Log(TOPICS.operator_commands, source="/operator")
    log.send("o1", "organization.put", "pc:1", {"displayName": "Armstrong and Company"})
    log.send("o2", "organization.put", "pc:4", {"displayName": "ACV Property Insurance"})
    log.send("o3", "branch.put", "pc:b1", {"branchCode": "301", "displayName": "Minneapolis Branch UW"})
    log.send("o4", "role.put", "producer", {"displayName": "Producer", "permissions": ["create account"]})
    log.send("o5", "role.put", "submitter", {"displayName": "Producer Code - Submissions"})
    log.send("o6", "product.put", "prd_1", {"name": "Cyber", "institution_id": "ins_1", "product_line": "cyber"})
    return log


def create_code(log: Log, id_: str, subject: str, code: str, organization: str = "pc:4") -> None:
    """Append a command that creates a producer code with both roles."""
    roles = [{"id": "producer"}, {"id": "submitter"}]
    log.send(id_, "producer-code.create", subject, {"code": code, "organization": {"id": organization}, "roles": roles})


def create_group(log: Log, id_: str, subject: str, organization: str = "pc:4") -> None:
    """Append a command that creates an office."""
    log.send(id_, "group.create", subject, {"type": "office", "value": ADDRESS, "distributor_id": organization})


def create_user(log: Log, id_: str, subject: str, organization: str = "pc:4", **more: object) -> None:
    """Append a command that creates a user."""
    data = {"name": "Ana Lima", "email": "ana@example.com", "organization": {"id": organization}, **more}
    log.send(id_, "user.create", subject, data)
