"""Derived ids, with the standard library's UUIDv5 as the oracle."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from service.core.ids import NAMESPACE, association_id, created_subject, event_id, outcome_id

SPACE = UUID(bytes=NAMESPACE)
# Strings that can be encoded as UTF-8: the contract rejects all others.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_ids_are_rfc_4122_version_5(source: str, command: str) -> None:
    assert created_subject(source, command) == str(uuid5(SPACE, f"subject\x1f{len(source)}\x1f{source}\x1f{command}"))
    assert association_id("user", source, command) == str(uuid5(SPACE, f"association\x1fuser\x1f{source}\x1f{command}"))


def test_ids_never_change() -> None:
    assert created_subject("/agency", "1") == "dd3daba3-21b1-54e8-9415-8396dae175d2"
    assert event_id("commands", "/agency", "1", 0) == "26773151-04c7-57db-b96d-a60e699b0ee1"
    assert outcome_id("commands", "/agency", "1") == "a3ed9bc4-4c99-5517-9a77-a39ceea54ae3"
    assert association_id("group", "office", "pc:6") == "e92cf7a5-8bce-5698-ae70-212d7b67c445"


def test_ids_differ_when_any_part_differs() -> None:
    ids = [
        created_subject("a", "b"),
        created_subject("a\x1fb", "c"),
        created_subject("a", "b\x1fc"),
        outcome_id("t", "a", "b"),
        outcome_id("a", "t", "b"),
        event_id("t", "a", "b", 0),
        event_id("t", "a", "b", 1),
        association_id("user", "a", "b"),
        association_id("group", "a", "b"),
    ]

    assert len(set(ids)) == len(ids)
