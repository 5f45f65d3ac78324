"""A benchmark says which Python it measures, and warns of one that is slower than that of the image."""

import pytest

from tests.load import interpreter
from tests.load.report import Report


def test_a_python_is_optimized_by_its_configuration_or_by_its_distribution() -> None:
    assert interpreter.is_optimized("'--enable-optimizations' '--with-lto'", "/usr/local")
    assert not interpreter.is_optimized("'--enable-shared'", "/opt/python")
    assert not interpreter.is_optimized("", "/opt/python")
    assert interpreter.is_optimized("'--enable-shared'", "/usr")


def test_the_warning_names_the_command_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "is_optimized", lambda: False)
    assert "make clean bench PYTHON=" in interpreter.warning()
    monkeypatch.setattr(interpreter, "is_optimized", lambda: True)
    assert interpreter.warning() == ""


def test_the_figures_name_the_interpreter() -> None:
    assert Report({}).machine()["python"] == interpreter.described()
