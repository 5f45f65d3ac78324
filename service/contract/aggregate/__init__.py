"""The objects of the registry, one file per aggregate: attributes, data of commands, states in events."""

from __future__ import annotations

from typing import Final

from service.contract.aggregate import directory, group, producer_code, user
from service.contract.attribute import StateKind
from service.contract.reader import Reader

READERS: Final[dict[str, Reader]] = {
    reader.kind.type: reader
    for readers in (group.READERS, producer_code.READERS, user.READERS, directory.READERS)
    for reader in readers
}
"""The readers by the `type` attribute of the command."""

STATES: Final[dict[type, StateKind]] = {
    kind.state: kind for kinds in (producer_code.STATES, user.STATES, group.STATES, directory.STATES) for kind in kinds
}
"""The states by their type in the core."""
