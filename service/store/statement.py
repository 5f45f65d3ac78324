"""Statements: one SQL text a file, read once."""

from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"


def statement(name: str) -> str:
    """The text of `sql/<name>.sql`; a missing file is an error at import, not at the first use."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
