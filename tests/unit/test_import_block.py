"""A process of the service does not load rich, and block_import hides a module only inside its block."""

import subprocess
import sys

import pytest

from service.import_block import block_import

LOADS_RICH = (
    "import sys, service.cli.composition; print('rich' in sys.modules); import rich.table; print(rich.table.__name__)"
)


def test_the_service_runs_without_rich_and_the_command_line_can_load_it() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADS_RICH], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.split() == ["False", "rich.table"]


def test_a_module_is_missing_only_inside_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with block_import("this"), pytest.raises(ImportError):
        __import__("this")
    assert "this" not in sys.modules


def test_a_module_that_is_already_loaded_remains_available() -> None:
    with block_import("sys"):
        assert sys.modules["sys"] is sys
    assert sys.modules["sys"] is sys
