"""The runner of documents: a block that prints something else than the document says fails, and names its line."""

from pathlib import Path

import pytest

from tests.support.document_run import DocumentRun


def _run(folder: Path, text: str) -> DocumentRun:
    document = folder / "document.md"
    document.write_text(text)
    return DocumentRun(document, folder, {"localhost:9092": "127.0.0.1:20000"})


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n\n"


async def test_blocks_run_in_one_shell_and_addresses_are_replaced(tmp_path: Path) -> None:
    text = _block("sh", "NAME=world\ncd /tmp") + _block("sh", "echo hello $NAME localhost:9092 >&2\npwd")
    text += _block("text", "hello world 127.0.0.1:…\n/tmp")
    assert await _run(tmp_path, text).run() == 2


async def test_python_block_runs(tmp_path: Path) -> None:
    text = _block("python", 'print({"a": 1})') + _block("text", "{'a': 1}")
    assert await _run(tmp_path, text).run() == 1


async def test_block_that_runs_until_its_output_is_ended(tmp_path: Path) -> None:
    sample = 'import time\nprint("first")\nprint("second")\ntime.sleep(600)'
    text = "<!-- run: until output -->\n" + _block("python", sample) + _block("text", "first\nsecond")
    assert await _run(tmp_path, text).run() == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_block("sh", "echo hello") + _block("text", "bye"), "document.md line 2"),
        (_block("sh", "echo '{\"a\": 1}'") + _block("json", '{"a": 2}'), "it printed"),
        (_block("sh", "false"), "ended with 1"),
        (_block("python", "raise SystemExit(3)"), "ended with 3"),
        ("<!-- run: sometimes -->\n" + _block("sh", "true"), "unknown way to run"),
    ],
)
async def test_block_that_differs_from_the_document_fails(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        await _run(tmp_path, text).run()


async def test_block_that_is_not_to_be_run_is_left_out(tmp_path: Path) -> None:
    assert await _run(tmp_path, "<!-- run: no -->\n" + _block("sh", "exit 1")).run() == 0
