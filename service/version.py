"""The version of the running program, as its distribution has it."""

from importlib.metadata import version
from typing import Final

VERSION: Final = version("producer-registry")
