"""What a process of the service does not load."""

import subprocess
import sys

import pytest

from service.import_block import block_import

LOADS_RICH = (
    "import sys, service.cli.composition; print('rich' in sys.modules); import rich.table; print(rich.table.__name__)"
)


def test_the_service_runs_without_rich_and_the_command_line_has_it() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADS_RICH], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.split() == ["False", "rich.table"]


def test_a_module_is_missing_in_the_block_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with block_import("this"), pytest.raises(ImportError):
        __import__("this")
    assert "this" not in sys.modules


def test_what_is_loaded_already_stays() -> None:
    with block_import("sys"):
        assert sys.modules["sys"] is sys
    assert sys.modules["sys"] is sys
