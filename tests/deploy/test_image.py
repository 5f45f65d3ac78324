"""The image: its pinned base, and what its check says when a program is missing."""

import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PROGRAMS = ("bash", "dirname", "env", "mktemp", "rm")


@pytest.mark.parametrize(
    ("present", "message"),
    [
        ((), "the check of the image requires buildah: install the Debian package buildah"),
        (("buildah",), "the check of the image requires debootstrap: install the Debian package debootstrap"),
    ],
)
def test_the_check_names_a_tool_that_is_missing(tmp_path: Path, present: tuple[str, ...], message: str) -> None:
    for name in PROGRAMS:
        [found] = [folder / name for folder in map(Path, ("/usr/bin", "/bin")) if (folder / name).exists()][:1]
        (tmp_path / name).symlink_to(found)
    for name in present:
        (tmp_path / name).write_text("#!/bin/bash\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": str(tmp_path), "TMPDIR": os.environ.get("TMPDIR", str(tmp_path))}
    checked = subprocess.run(
        [TOP / "deploy" / "image-check"], env=environment, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 1
    assert message in checked.stderr


def test_every_stage_of_the_image_begins_with_a_base_that_is_pinned_by_its_digest() -> None:
    lines = (TOP / "deploy" / "Dockerfile").read_text().splitlines()
    [base] = [line for line in lines if line.startswith("ARG BASE_IMAGE=")]
    assert re.fullmatch(r"ARG BASE_IMAGE=\S+:[\w.-]+@sha256:[0-9a-f]{64}", base)
    assert {line.split()[1] for line in lines if line.startswith("FROM ")} == {"${BASE_IMAGE}"}
