"""Files that users send: corrected and sent again, both command topics in one file, interrupted, without answers."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.dev import Dev, running_dev
from tests.support.program import PROGRAM, environment
from tests.support.wait import eventually

CODE = ("send", "--wait", "--type", "producer-code.create")
USER = ("send", "--wait", "--type", "user.create")
HEADER = "subject,code,organization,roles\n"


@pytest.fixture(scope="module")
async def dev(tmp_path_factory: pytest.TempPathFactory, broker: str) -> AsyncIterator[Dev]:
    """A running stack with an organization and a role."""
    folder = tmp_path_factory.mktemp("dev")
    async with running_dev(folder / "data", "--broker", broker, log=folder / "log") as running:
        lines = [put("organization.put", "pc:4"), put("role.put", "producer")]
        sent = await running.run("send", "--wait", stdin="\n".join(lines))
        assert sent.code == 0, sent.err
        yield running


def put(type_: str, subject: str) -> str:
    return json.dumps({"type": type_, "subject": subject, "data": {"displayName": subject}})


async def test_a_corrected_file_is_sent_again(dev: Dev) -> None:
    """The unchanged rows are not decided twice, the corrected row is decided, and so is one that referred to it."""
    rows = [
        "pc:a1,A-1,pc:4,producer\n",
        "pc:a2,A-2,pc:nowhere,producer\n",
        "pc:a3,A-1,pc:4,producer\n",
    ]
    first = await dev.run(*CODE, stdin=HEADER + "".join(rows))
    assert (first.code, first.err.splitlines()[-1]) == (1, "1 accepted, 2 rejected")
    rows[1] = rows[1].replace("pc:nowhere", "pc:4")
    rows[2] = rows[2].replace("A-1", "A-3")
    again = await dev.run(*CODE, "--json", stdin=HEADER + "".join(reversed(rows)))
    assert (again.code, again.err.splitlines()[-1]) == (0, "2 accepted, 1 already decided")
    answers = {answer["subject"]: answer for answer in map(json.loads, again.lines)}
    assert [answers[subject]["row"] for subject in ("pc:a1", "pc:a2", "pc:a3")] == [4, 3, 2]
    assert [answers[subject].get("replayed") for subject in ("pc:a1", "pc:a2")] == [True, None]


async def test_a_rejected_row_is_decided_again_when_what_it_refers_to_exists(dev: Dev) -> None:
    rows = "subject,code,organization,roles\npc:b1,B-1,pc:b,producer\n"
    update = json.dumps({"type": "producer-code.update", "subject": "pc:b1", "data": {"description": "x"}})
    assert (await dev.run(*CODE, stdin=rows)).code == 1
    assert (await dev.run("send", "--wait", stdin=put("organization.put", "pc:b"))).code == 0
    # The update is new, and it is sent before the row in front of it is accepted at its second attempt.
    created = await dev.run(*CODE, "--json", stdin=rows)
    assert (created.code, created.err) == (0, "1 accepted\n")
    assert (await dev.run("send", "--wait", stdin=update)).code == 0
    again = await dev.run(*CODE, stdin=rows)
    assert (again.code, again.err) == (0, "1 already decided\n")


async def test_a_new_row_behind_a_rejected_one_is_decided_after_it(dev: Dev) -> None:
    create = {"code": "C-1", "organization": {"id": "pc:c"}, "roles": [{"id": "producer"}]}
    lines = [json.dumps({"type": "producer-code.create", "subject": "pc:c1", "data": create})]
    assert (await dev.run("send", "--wait", stdin=lines[0])).code == 1
    assert (await dev.run("send", "--wait", stdin=put("organization.put", "pc:c"))).code == 0
    lines.append(json.dumps({"type": "producer-code.update", "subject": "pc:c1", "data": {"description": "x"}}))
    both = await dev.run("send", "--wait", stdin="\n".join(lines))
    assert (both.code, both.err) == (0, "2 accepted\n"), both.out


async def test_again_sends_rows_that_were_decided(dev: Dev) -> None:
    """A status that was changed in the meantime is set back to what it was in an earlier file."""
    limited = "subject,producerStatus\npc:d1,Limited\n"
    update = ("send", "--wait", "--type", "producer-code.update")
    assert (await dev.run(*CODE, stdin=HEADER + "pc:d1,D-1,pc:4,producer\n")).code == 0
    assert (await dev.run(*update, stdin=limited)).err == "1 accepted\n"
    assert (await dev.run(*update, stdin=limited.replace("Limited", "Active"))).err == "1 accepted\n"
    assert (await dev.run(*update, stdin=limited)).err == "1 already decided\n"
    assert (await dev.run(*update, "--again", stdin=limited)).err == "1 accepted\n"


async def test_a_file_with_commands_of_both_topics_is_processed_in_its_order(dev: Dev) -> None:
    """Each organization is created directly before its code, and changed to a new name after it."""
    lines = []
    for number in range(6):
        organization = f"pc:mixed{number}"
        data = {"code": f"M-{number}", "organization": {"id": organization}, "roles": [{"id": "producer"}]}
        lines += [
            put("organization.put", organization),
            json.dumps({"type": "producer-code.create", "subject": f"pc:m{number}", "data": data}),
        ]
    sent = await dev.run("send", stdin="\n".join(lines))
    assert (sent.code, sent.out, sent.err) == (0, "", "12 accepted\n")


async def test_a_warning_says_which_rows_would_be_created_twice_after_a_correction(dev: Dev) -> None:
    rows = "name,email,organization\nAda,ada@example.com,pc:4\n"
    sent = await dev.run(*USER, stdin=rows)
    assert sent.code == 0
    assert sent.err.startswith("Warning: row 2: the id of the object is derived from the row")
    corrected = await dev.run(*USER, "--json", stdin=rows.replace("Ada,", "Ada Lovelace,"))
    assert (
        json.loads(corrected.out)["subject"] != json.loads((await dev.run(*USER, "--json", stdin=rows)).out)["subject"]
    )


async def test_an_interrupted_send_reports_what_was_sent_and_can_be_repeated(tmp_path: Path, broker: str) -> None:
    """The relay and the consumers are suspended, so that no answer arrives before Ctrl-C."""
    folder = tmp_path / "data"
    async with running_dev(folder, "--broker", broker, log=tmp_path / "log") as dev:
        lines = "\n".join([put("organization.put", f"pc:i{number}") for number in range(3)])
        dev.process.send_signal(signal.SIGSTOP)
        try:
            process = await asyncio.create_subprocess_exec(
                PROGRAM,
                "send",
                "--wait",
                "--json",
                env=environment(data_dir=folder),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            assert process.stdin is not None
            process.stdin.write(lines.encode())
            process.stdin.close()
            arguments = ("tail", "commands", "--from", "beginning", "--until-end")

            async def sent() -> bool:
                return len((await dev.run(*arguments)).lines) == 3

            await eventually(sent)
            process.send_signal(signal.SIGINT)
            out, err = await process.communicate()
        finally:
            dev.process.send_signal(signal.SIGCONT)
        assert (process.returncode, out) == (130, b"")
        assert err.decode() == (
            "interrupted: 3 of 3 rows were sent (3 sent). It is safe to send the file again: rows that were decided"
            " are not decided twice\n"
        )

        async def decided() -> bool:
            return (await dev.run("send", "--wait", stdin=lines)).err == "3 already decided\n"

        await eventually(decided)


async def test_an_interrupted_load_reports_what_was_measured(dev: Dev) -> None:
    load = ("load", "--rate", "50", "--count", "1000000")
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *load,
        env=environment(data_dir=dev.data_dir),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )

    async def measured() -> bool:
        seen = await dev.run("tail", "commands", "--from", "beginning", "--until-end")
        return sum(" producer-code.create " in line for line in seen.lines) > 20

    await eventually(measured)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 130
    assert " per second; " in out.decode().splitlines()[0]
    (line,) = err.decode().splitlines()
    assert line.startswith("interrupted: ")
    assert line.endswith(" of 1000000 commands were sent. It is safe to run it again: each run has ids of its own")
