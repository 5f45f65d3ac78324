"""Print the AsyncAPI document of the settings in the environment: `python -m service.contract.asyncapi`."""

from __future__ import annotations

import sys

import orjson

from service.contract.asyncapi import document
from service.settings import load

if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(document(load()), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
