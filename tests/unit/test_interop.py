"""What `make interop` needs: programs, which it names if they are missing, and packages, whose versions are exact."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "interop"
PROGRAMS = ("java", "javac", "mvn", "go", "node", "npm")
VERSION = re.compile(r"\d+(\.\d+)+")


def test_packages_of_javascript_have_hashes_and_exact_versions() -> None:
    text = (FOLDER / "javascript" / "package-lock.json").read_text()
    assert "://" not in text
    root, *packages = json.loads(text)["packages"].values()
    assert [package for package in packages if "integrity" not in package] == []
    declared = json.loads((FOLDER / "javascript" / "package.json").read_text())["dependencies"]
    assert root["dependencies"] == declared
    assert [version for version in declared.values() if not VERSION.fullmatch(version)] == []


def test_modules_of_go_have_hashes() -> None:
    hashes = {tuple(line.split()[:2]) for line in (FOLDER / "go" / "go.sum").read_text().splitlines()}
    modules = re.findall(r"^\t?(?:require )?(\S+/\S+) (v\S+)", (FOLDER / "go" / "go.mod").read_text(), re.MULTILINE)
    assert len(modules) > 3
    assert [module for module in modules if module not in hashes] == []


def test_versions_of_java_are_exact() -> None:
    versions = re.findall("<version>(.*)</version>", (FOLDER / "java" / "pom.xml").read_text())[1:]
    assert len(versions) > 3
    assert [version for version in versions if not VERSION.fullmatch(version)] == []


@pytest.mark.parametrize("missing", PROGRAMS)
def test_a_missing_program_is_named(missing: str, tmp_path: Path) -> None:
    for program in {*PROGRAMS} - {missing}:
        (tmp_path / program).symlink_to("/bin/true")
    make, bash = shutil.which("make"), shutil.which("bash")
    assert make is not None
    assert bash is not None
    (tmp_path / "bash").symlink_to(bash)
    ended = subprocess.run(
        [make, "check-interop"],
        cwd=FOLDER.parents[1],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert f"the interoperability tests require {missing} on the PATH" in ended.stderr
