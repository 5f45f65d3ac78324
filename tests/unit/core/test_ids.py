"""Derived ids, with the standard library's UUIDv5 as the oracle."""

from hashlib import sha1
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from service.core.ids import NAMESPACE, association_id, created_subject, message_id

SPACE = UUID(bytes=NAMESPACE)
# Strings that can be encoded as UTF-8: the contract rejects all others.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


COMMAND = ("commands", "/agency", "1")
TYPE = "producer-registry.role.created.v1"


@given(TEXT, TEXT)
def test_ids_are_rfc_4122_version_5(source: str, command: str) -> None:
    assert created_subject(source, command) == str(uuid5(SPACE, f"subject\x1f{len(source)}\x1f{source}\x1f{command}"))
    assert association_id("user", source, command) == str(uuid5(SPACE, f"association\x1fuser\x1f{source}\x1f{command}"))


@given(st.tuples(TEXT, TEXT), TEXT, TEXT, st.none() | st.integers(0), st.binary())
def test_the_id_of_a_message_depends_on_its_command_and_its_content(
    command: tuple[str, str], type_: str, subject: str, version: int | None, data: bytes
) -> None:
    source, id_ = command
    # The standard library takes texts only, so the bytes of the data are hashed here.
    name = (
        f"message\x1f5\x1ftopic\x1f{len(source)}\x1f{source}\x1f{len(id_)}\x1f{id_}\x1f{type_}\x1f"
        f"{len(subject)}\x1f{subject}\x1f{version}\x1f"
    )
    hashed = sha1(NAMESPACE + name.encode() + data, usedforsecurity=False).digest()
    expected = str(UUID(bytes=hashed[:16], version=5))
    assert message_id(("topic", source, id_), type_, subject, version, data) == expected


def test_ids_never_change() -> None:
    assert created_subject("/agency", "1") == "dd3daba3-21b1-54e8-9415-8396dae175d2"
    assert message_id(COMMAND, TYPE, "producer", 1, b"{}") == "71439618-6461-50db-a1b0-319218c2c2da"
    assert association_id("group", "office", "pc:6") == "e92cf7a5-8bce-5698-ae70-212d7b67c445"


def test_ids_differ_when_any_part_differs() -> None:
    ids = [
        created_subject("a", "b"),
        created_subject("a\x1fb", "c"),
        created_subject("a", "b\x1fc"),
        message_id(("t", "a", "b"), "d", "e", 1, b"{}"),
        message_id(("a", "t", "b"), "d", "e", 1, b"{}"),
        message_id(("t", "a", "b\x1fc"), "d", "e", 1, b"{}"),
        message_id(("t", "a", "b"), "c\x1fd", "e", 1, b"{}"),
        message_id(COMMAND, "type", "subject", 1, b"{}"),
        message_id(COMMAND, "other", "subject", 1, b"{}"),
        message_id(COMMAND, "type", "other", 1, b"{}"),
        message_id(COMMAND, "type", "subject", 2, b"{}"),
        message_id(COMMAND, "type", "subject", None, b"{}"),
        message_id(COMMAND, "type", "subject", 1, b'{"other": 1}'),
        association_id("user", "a", "b"),
        association_id("group", "a", "b"),
    ]

    assert len(set(ids)) == len(ids)
