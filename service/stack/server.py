"""What the servers of the stack have in common."""

from typing import Protocol


class Server(Protocol):
    """A server that the stack starts, or takes up, and stops."""

    @property
    def address(self) -> str:
        """Where clients find it: a database URL or bootstrap servers; known once it is started."""
        ...

    async def start(self) -> None:
        """Start it and wait until it answers; raises StackError."""
        ...

    async def stop(self) -> None:
        """Stop it; a temporary folder goes with it. Without effect when it does not run."""
        ...
