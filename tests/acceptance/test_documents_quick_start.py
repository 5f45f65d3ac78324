"""The README: the quick start and the commands behind it do what the text says."""

from pathlib import Path

from tests.support.document import ROOT
from tests.support.document_run import DocumentRun


async def test_commands_of_the_readme_print_what_it_says(tmp_path: Path) -> None:
    run = DocumentRun(ROOT / "README.md", tmp_path, {}, data_dir=tmp_path / "data")
    try:
        count = await run.run()
    finally:
        await run.stop()
    assert count >= 7, "a block of the README was not run"
