"""Commands that use the database report its errors in one line, without a traceback."""

import json
from urllib.parse import urlsplit

import pytest

from tests.support import privilege
from tests.support.program import program

# PostgreSQL refuses the value before the first statement, with a class of errors that otherwise concerns rows.
BAD_SESSION = "?options=-c%20work_mem%3Dnothing"
COMMANDS = [("migrate",), ("outbox", "list"), ("resend",)]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
async def test_a_session_that_is_refused_is_one_line(database_url: str, command: tuple[str, ...]) -> None:
    ended = await program(*command, database_url=database_url + BAD_SESSION)
    assert ended.code == 1
    [line] = ended.err.splitlines()
    assert "work_mem" in line


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
async def test_a_missing_privilege_is_one_line(database_url: str, command: tuple[str, ...]) -> None:
    async with privilege.less(database_url, "ALL ON schema_migrations, outbox_frame") as url:
        ended = await program(*command, database_url=url)
    assert ended.code == 1
    [line] = ended.err.splitlines()
    assert f"the role {urlsplit(url).username} lacks " in line


@pytest.mark.parametrize("suffix", ["", BAD_SESSION])
async def test_doctor_reports_the_error_as_a_check(database_url: str, suffix: str) -> None:
    async with privilege.less(database_url, "SELECT ON schema_migrations") as url:
        ended = await program("doctor", "--json", database_url=url + suffix)
    checks = {check["name"]: check for check in map(json.loads, ended.lines)}
    assert (ended.code, checks["database"]["state"]) == (1, "bad"), ended.err
    assert ("work_mem" if suffix else "lacks SELECT on schema_migrations") in checks["database"]["finding"]
    assert "Traceback" not in ended.err
