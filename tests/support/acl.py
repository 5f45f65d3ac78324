"""The ACLs of deploy/acls.md, for the topics and the consumer group of a test."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.broker_admin import Kind, Operation, Pattern

DOCUMENT = Path(__file__).parents[2] / "deploy" / "acls.md"
_ROW = re.compile(r"^\| `([a-z-]+)` \| .* \| (topic|group) `([a-z.*0-9-]+)` \| ([A-Z_]+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Acl:
    """One operation of a user on a topic, on the topics with a prefix, or on a group."""

    user: str
    kind: Kind
    name: str
    pattern: Pattern
    operation: Operation

    def __str__(self) -> str:
        return f"{self.user} {self.operation.name} on {self.kind.name.lower()} {self.name}"


def documented(topic_prefix: str = "registry", group: str = "producer-registry") -> list[Acl]:
    """Return all rows of the document, with this prefix and group in place of the default ones."""
    documented = []
    for user, resource, name, operation in _ROW.findall(DOCUMENT.read_text()):
        kind = Kind[resource.upper()]
        own = name.replace("registry.", f"{topic_prefix}.", 1) if kind is Kind.TOPIC else group
        pattern = Pattern.PREFIXED if own.endswith("*") else Pattern.LITERAL
        documented.append(Acl(user, kind, own.removesuffix("*"), pattern, Operation[operation]))
    return documented
