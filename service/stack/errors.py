"""The error of the embedded stack. Its messages name what to change."""


class StackError(RuntimeError):
    """A server of the stack cannot start, respond or stop. The message names the port, setting or folder to change."""
