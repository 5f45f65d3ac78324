"""The interface of the servers of the stack."""

from typing import Protocol


class Server(Protocol):
    """A server that the stack starts (or adopts, if it is already running) and stops."""

    @property
    def address(self) -> str:
        """The database URL or the bootstrap servers; available after the start."""
        ...

    async def start(self) -> None:
        """Start the server and wait until it is ready. Raises StackError."""
        ...

    async def stop(self) -> None:
        """Stop the server and remove its temporary folder. Has no effect if the server is not running."""
        ...
