"""What can go wrong with a server of the embedded stack, said so that its reader can act."""


class StackError(RuntimeError):
    """A server of the stack cannot start, answer or stop; the message names the port, setting or folder to change."""
