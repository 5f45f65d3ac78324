"""Ids of commands as bytes: every id comes back as it was, and no two ids are the same bytes."""

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.store.command_id import packed_id, unpacked_id

ONE = "01890a5d-ac96-774b-bcce-b302099a8057"

texts = st.text(st.characters(exclude_categories=["Cs"]))
ids = texts | st.uuids().map(str) | st.uuids().map(lambda one: str(one).upper())


@given(ids)
@example(ONE.upper())
@example(ONE.replace("-", ""))
@example(f"{{{ONE}}}")
@example(f"{ONE}\n")
@example(f"urn:uuid:{ONE}")
@example(ONE.replace("0", "\u0660"))
@example("0000000000000000")
def test_every_id_comes_back_as_it_was(text: str) -> None:
    assert unpacked_id(packed_id(text)) == text


@given(st.uuids())
def test_a_uuid_in_canonical_form_takes_16_bytes_behind_the_first(one: UUID) -> None:
    assert packed_id(str(one)) == b"\x01" + one.bytes


@pytest.mark.parametrize("text", ["", ONE.upper(), ONE[:-1], f" {ONE[1:]}", "x" * 16, "\x01" + "x" * 16])
def test_another_id_is_its_text(text: str) -> None:
    assert packed_id(text) == b"\x00" + text.encode()


@given(st.lists(st.uuids(version=None), min_size=2, max_size=5))
def test_the_order_of_uuids_stays(several: list[UUID]) -> None:
    names = [str(one) for one in several]
    assert sorted(names, key=packed_id) == sorted(names)
