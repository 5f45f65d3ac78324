"""Operations that write: the path, command and documentation of each, and what a request must contain."""

from dataclasses import dataclass
from typing import Any

from service.contract.aggregate import READERS
from service.contract.catalogue import wire_type
from service.contract.reader import Reader, Replacement
from service.core.command import Invalid
from service.http.operation import Operation
from service.http.write_access import Kind, Reference
from service.http.write_answer import rejection
from service.http.write_request import Data


@dataclass(frozen=True, slots=True)
class Write:
    """An operation that sends `command`; `get` is the operation whose response it returns, unless it removes.

    `subject` is the path parameter with the subject, None if the request creates it; `kind` is the kind of the subject.
    `references` are the objects that the data names. A PUT that sends a merge patch has a `replacement`. `aliases` are
    other paths.
    """

    method: str
    path: str
    id: str
    summary: str
    command: str
    kind: Kind
    get: Operation
    example: Any = None
    subject: str | None = None
    references: tuple[Reference, ...] = ()
    enveloped: bool = True
    replacement: Replacement | None = None
    aliases: tuple[str, ...] = ()

    @property
    def creates(self) -> bool:
        """Whether the request creates the object of `get`."""
        return self.method == "POST"

    @property
    def removes(self) -> bool:
        """Whether the request removes the association of `get`, which its path names; it has no body."""
        return self.method == "DELETE"

    @property
    def reader(self) -> Reader:
        """The reader of the data."""
        return self.replacement.reader if self.replacement else READERS[wire_type(self.command)]

    def checked(self, data: Data, subject: str) -> dict[str, Any]:
        """Return the data of the command. Raises HttpProblem with everything that is wrong in the data of a request."""
        body = self.reader.read(data.value, subject, data.text, ())
        if isinstance(body, Invalid):
            raise rejection(body.problems, body.more, lambda path: self.place(data, path), removal=self.removes)
        return self.replacement.complete(data.value) if self.replacement else data.value

    def place(self, data: Data, path: str) -> str:
        """Return where the request has what a problem with this path is about: a JSON pointer, parameter or header."""
        if path == "expectedversion":
            return "If-Match"
        if path == "subject":
            return self.subject or ""
        if path.startswith("/") or not path:
            return path_names(self.path)[-1] if self.removes else data.pointer + path
        return path


def path_names(path: str) -> list[str]:
    """Return the names of the parameters in a path."""
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]
