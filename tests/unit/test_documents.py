"""Documents: blocks and placeholders are read correctly, links lead somewhere, and the README stays short."""

import re
import shlex
from pathlib import Path

import click
import pytest

from service.cli.main import cli
from tests.support.document import ROOT, anchors, blocks, links, matches, matches_json

FOLDERS = ("service", "consumers", "migrations", "tests", "deploy")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))])
README_LINES = 170
NAMED = re.compile(r"`((?:service|consumers|migrations|tests|deploy|\.ci)/[\w./*{},<>-]*|Makefile|pyproject\.toml)`")
MAKE = re.compile(r"`make ([a-z][a-z-]*)")
PROGRAM = re.compile(r"`producer-registry ([a-z][a-z-]*)")
COMMAND_LINE = re.compile(r"^ *(?:[A-Z_]+=\S+ )*producer-registry ([a-z][^|`\n\\'\"$>]*)$", re.MULTILINE)
"""A line of a block that runs the program, if a shell has nothing else to do with it."""
TEST = re.compile(r"`(test_\w+)`")
PLACEHOLDERS = "<*{"


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def document(request: pytest.FixtureRequest) -> Path:
    """Each document of the repository."""
    path: Path = request.param
    return path


@pytest.fixture(scope="module")
def existing_tests() -> set[str]:
    """The names of all test files and test functions; a file for Apache Kafka is named without its ending."""
    files = list((ROOT / "tests").rglob("test_*.py"))
    functions = {name for file in files for name in re.findall(r"def (test_\w+)\(", file.read_text())}
    return functions | {file.stem for file in files} | {file.stem.removesuffix("_apache") for file in files}


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES


def test_every_relative_link_leads_somewhere(document: Path) -> None:
    broken = []
    for target in links(document.read_text()):
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        if not path.exists() or (anchor and anchor not in anchors(path.read_text())):
            broken.append(target)
    assert broken == []


def test_every_file_that_is_named_exists(document: Path) -> None:
    named = NAMED.findall(document.read_text())
    missing = [name for name in named if not set(PLACEHOLDERS) & set(name) and not (ROOT / name).exists()]
    assert missing == []


def test_every_make_target_and_command_that_is_named_exists(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(MAKE.findall(text)) <= targets
    assert set(PROGRAM.findall(text)) <= set(cli.list_commands(click.Context(cli)))


def test_every_option_that_is_named_exists(document: Path) -> None:
    wrong = []
    for line in COMMAND_LINE.findall(document.read_text()):
        words = shlex.split(line, comments=True)
        command: click.Command = cli
        while isinstance(command, click.Group) and words:
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, line
            command = found
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        wrong += [f"{line}: {word}" for word in words if word.startswith("-") and word.partition("=")[0] not in known]
    assert wrong == []


def test_every_test_that_is_named_exists(document: Path, existing_tests: set[str]) -> None:
    assert set(TEST.findall(document.read_text())) <= existing_tests


def test_every_document_has_whole_blocks(document: Path) -> None:
    assert all(block.text for block in blocks(document.read_text()))


def test_blocks_have_language_mode_and_no_indentation() -> None:
    text = "1. start\n\n   <!-- run: background -->\n   ```sh\n   make dev\n   ```\n\n```json\n{}\n```\n"
    assert [(block.language, block.text, block.line, block.mode) for block in blocks(text)] == [
        ("sh", "make dev\n", 5, "background"),
        ("json", "{}\n", 9, ""),
    ]


def test_a_fence_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2"):
        blocks("```sh\nmake dev\n")


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("2 accepted", "2 accepted\n", True),
        ("2 accepted", "3 accepted\n", False),
        ("2 accepted", "2 accepted\nand more\n", False),
        ("id … done", "id 12 done", True),
        ("id … done", "id 12\ndone", False),
        ("first\n…\nlast", "first\nlast", True),
        ("first\n…\nlast", "first\na\nb\nlast", True),
        ("first\n…", "first\na\nb", True),
        ("a.c", "abc", False),
    ],
)
def test_placeholders_stand_for_text_within_a_line_or_for_whole_lines(expected: str, actual: str, same: bool) -> None:
    assert matches(expected, actual) is same


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ('{"a": 1, "b": [true]}', '{"b":[true],\n"a":1}', True),
        ('{"a": "…"}', '{"a": {"b": 7}}', True),
        ('{"a": "x…z"}', '{"a": "xyz"}', True),
        ('{"a": 1}', '{"a": true}', False),
        ('{"a": 1}', '{"a": 1, "b": 2}', False),
        ('{"a": [1]}', '{"a": [1, 2]}', False),
        ('{"a": 1}', "no JSON", False),
    ],
)
def test_json_is_compared_by_content_and_types(expected: str, actual: str, same: bool) -> None:
    assert matches_json(expected, actual) is same


def test_links_and_anchors_are_found_as_github_makes_them() -> None:
    text = "# A command, its event\n\n[one](a.md#b) [two](https://example.com) ![three](c.svg)\n"
    assert links(text) == ["a.md#b", "c.svg"]
    assert anchors(text) == {"a-command-its-event"}
