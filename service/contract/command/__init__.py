"""The data of all commands: models and their conversion to commands of the core, one file per aggregate."""

from __future__ import annotations

from typing import Final

from service.contract.command import directory, group, producer_code, user
from service.contract.reader import Reader

READERS: Final[dict[str, Reader]] = {
    reader.kind.type: reader
    for readers in (group.READERS, producer_code.READERS, user.READERS, directory.READERS)
    for reader in readers
}
"""The readers by the `type` attribute of the command."""
