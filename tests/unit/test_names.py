"""Names are standard terms: former project-specific names are not used again."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parents[2]

FORMER = {
    "Asked": "RequestContext",
    "Census": "RelayMembership",
    "Desk": "Endpoints",
    "Drill": "LoadWorkload",
    "Ending": "Shutdown",
    "Gathering": "RequestCoalescer",
    "Given": "QueryParameters",
    "LANES": "MAX_IN_FLIGHT",
    "Marks": "OffsetFence",
    "Outlet": "publish queue",
    "Place": "TopicPartition, or RunningInstance",
    "Places": "StartOffsets",
    "Publishing": "outbox cursor",
    "attended": "foreground",
    "beside": "run_concurrently",
    "cast": "fixtures",
    "census": "membership",
    "dead": "dead_letters",
    "drill": "load_workload",
    "ending": "shutdown, or exit_status",
    "halt": "fail",
    "hand": "enqueue",
    "heard": "observed",
    "lean": "import_block",
    "let_go": "close_within",
    "letting_go": "close_within",
    "mark_store": "offset_fence",
    "outgoing": "command_preparation",
    "place": "tp, or instance",
    "places": "start_offsets",
    "roles": "composition",
    "room": "wait_for_capacity",
    "sheet": "csv_input",
    "shortage": "resource_exhaustion",
    "stage": "runner",
    "story": "script",
    "telling": "output",
    "told": "reported",
    "unroot": "drop_privileges",
}
"""Former names, each with the name to use."""

COMMON = {
    "cast": "typing.cast",
    "dead": "the state of a process or a host, as in TCP's dead peer",
    "place": "the path of a value in a JSON document",
    "places": "paths of values in a JSON document",
    "roles": "the roles of a user, which are part of the domain",
    "stage": "a stage of the pipeline in the profile, and of a Docker build",
    "Given": "given, when, then: the specification of the core's tests",
}
"""Words that also have a standard meaning. They are banned only as names of modules and of the product's classes."""


Modules: TypeAlias = list[tuple[Path, ast.Module]]


@pytest.fixture(scope="module")
def modules() -> Modules:
    """Return every Python file of the project, parsed."""
    folders = (ROOT / folder for folder in ("service", "consumers", "tests"))
    paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [(path.relative_to(ROOT), ast.parse(path.read_text())) for path in paths]


def identifiers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that a module binds or uses, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.alias):
            yield from ((part, node.lineno) for part in (node.asname or node.name).split("."))


def test_no_module_has_a_former_name(modules: Modules) -> None:
    found = [str(path) for path, _ in modules if path.stem.lstrip("_") in FORMER]
    assert found == []


def test_no_identifier_is_a_former_name(modules: Modules) -> None:
    found = [
        f"{path}:{line}: {name}: use {FORMER[name.lstrip('_')]}"
        for path, tree in modules
        for name, line in identifiers(tree)
        if name.lstrip("_") in FORMER.keys() - COMMON.keys()
    ]
    assert found == []


def test_no_class_of_the_product_has_a_former_name(modules: Modules) -> None:
    found = [
        f"{path}:{node.lineno}: {node.name}: use {FORMER[node.name]}"
        for path, tree in modules
        if path.parts[0] != "tests"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in FORMER
    ]
    assert found == []
