"""The version of the running program, read from the metadata of its distribution."""

from importlib.metadata import version
from typing import Final

VERSION: Final = version("producer-registry")
