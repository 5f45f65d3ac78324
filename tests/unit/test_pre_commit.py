"""The pre-commit hooks call what `make check` calls, and nothing else."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_hooks_are_the_parts_of_make_check() -> None:
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    called = [hook["entry"] for hook in repository["hooks"]]
    check = re.search(r"^check: (.*?) ##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert check is not None
    assert called == [f"make {part}" for part in check[1].split()]
