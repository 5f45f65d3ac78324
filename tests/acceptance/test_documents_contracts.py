"""The two contract documents: their commands and samples run against a `dev`, and print what the text says."""

from pathlib import Path

import pytest

from tests.support.dev import running_dev
from tests.support.document import ROOT
from tests.support.document_run import DocumentRun
from tests.support.program import PROGRAM


@pytest.mark.parametrize(("name", "least"), [("service/contract/README.md", 4), ("service/http/README.md", 21)])
async def test_examples_of_the_document_print_what_it_says(name: str, least: int, tmp_path: Path) -> None:
    async with running_dev(tmp_path / "data", log=tmp_path / "log") as dev:
        addresses = {
            "localhost:8080": dev.ready["api"].removeprefix("http://"),
            "localhost:8081": dev.ready["admin"].removeprefix("http://"),
            "localhost:9092": dev.ready["kafka"],
        }
        run = DocumentRun(ROOT / name, tmp_path, addresses, programs=PROGRAM.parent, data_dir=tmp_path / "data")
        assert await run.run() >= least, "a block of the document was not run"
