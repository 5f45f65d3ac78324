"""Whether the Python of a benchmark is built with profile-guided optimization, as the one of the image is."""

import platform
import sys
import sysconfig


def is_optimized(arguments: str | None = None, prefix: str = sys.base_prefix) -> bool:
    """Return whether this Python was configured with `--enable-optimizations`, or comes from a Linux distribution.

    Distributions build with profiles, too, but do not record the argument. `arguments` are those of the configuration.
    """
    given = sysconfig.get_config_var("CONFIG_ARGS") if arguments is None else arguments
    return "--enable-optimizations" in (given or "") or prefix == "/usr"


def described() -> str:
    """Return version and kind of this Python."""
    kind = "optimized" if is_optimized() else "built without optimization"
    return f"{platform.python_implementation()} {platform.python_version()}, {kind}"


def warning() -> str:
    """Return what to tell before a benchmark; empty if the Python is optimized."""
    if is_optimized():
        return ""
    return (
        f"warning: {described()} needs up to a quarter more CPU time than the interpreter of the image;"
        " recreate .venv with another one: make clean bench PYTHON=/usr/bin/python3\n"
    )
