"""The demo succeeds, prints its script, and leaves no files and processes."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from service.cli.demo.output import WIDTH
from tests.support.example_request import reads, writes
from tests.support.http_client import http_client
from tests.support.program import PROGRAM, environment, program

SCOPES = "account:read admin:read admin:write"

OUTPUT = [
    "301-008578",
    "AI-50701",
    "group.updated",
    "Dana Whitfield",
    "group.product-granted",
    "501-002542, 501-002543",
    "Idempotent-Replayed: true",
    'If-Match: "1-',
    "user.producer-code-removed pc:305",
    "again, with the same id",
    "other-organization at /producerCode/id",
    "dead letter, reason not-json",
    "all as expected",
]


async def test_demo_prints_the_script_and_leaves_no_files_and_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ended = await program("demo", seconds=120)
    assert ended.code == 0, ended.err + ended.out
    at = [ended.out.find(text) for text in OUTPUT]
    assert -1 not in at, f"missing: {OUTPUT[at.index(-1)]}"
    assert at == sorted(at)
    assert max(map(len, ended.lines)) <= WIDTH
    assert list(tmp_path.iterdir()) == []
    assert [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])] == []


async def test_demo_accepts_that_a_given_database_has_marks_of_another_broker(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO offset_mark VALUES ('former', 'registry.commands.v1', 'id', 0, 5)")
    await connection.close()
    ended = await program("demo", seconds=120, database_url=database_url)
    assert ended.code == 0, ended.err + ended.out
    assert "which is accepted" in ended.err
    assert "The broker belongs to cluster" in ended.err


async def test_demo_with_keep_answers_the_examples_of_openapi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "demo", "--keep", env=environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    async with asyncio.timeout(120):
        while not (line := await process.stdout.readline()).startswith(b'{"ready"'):
            assert line, "the demo exited too early"
    ready = json.loads(line)
    (folder,) = tmp_path.glob("producer-registry-*/demo-*")
    health = await program("health", "--ready", data_dir=folder)
    tail = await program("tail", "events", "--from", "beginning", "-n", "3", data_dir=folder)
    assert (health.code, tail.code, len(tail.lines), ready["pid"]) == (0, 0, 3, process.pid)
    token = await program("token", "--sub", "pc:310", "--scope", SCOPES, data_dir=folder)
    await _check_examples(ready["api"], token.out.strip())
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(60):
        assert await process.wait() == 0
    assert list(tmp_path.iterdir()) == []


async def _check_examples(api: str, token: str) -> None:
    """Send the examples of the OpenAPI document, and compare the examples of responses with what the demo returns."""
    headers = {"Authorization": f"Bearer {token}"}
    async with http_client(int(api.rpartition(":")[2]), headers=headers, timeout=60) as client:
        document = (await client.get("/openapi.json")).json()
        for request in reads(document):
            response = await client.get(request.path)
            assert response.status_code == 200, (request.path, response.text)
            if request.shown is not None:
                assert _is_part(request.shown, response.json()), (request.path, response.text)
        for request in writes(document):
            given = {"Content-Type": request.content_type} if request.content_type else {}
            body = json.dumps(request.body) if request.body is not None else None
            response = await client.request(request.method, request.path, content=body, headers=given)
            assert response.status_code in {200, 201, 204}, (request, response.text)


def _is_part(example: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Return whether an answer equals its example, but for a page, which has all items of the example and others."""
    lists = [name for name, value in example.items() if isinstance(value, list) and name != "events"]
    if not lists:
        return example == answer
    return all(item in answer[name] for name in lists for item in example[name])
