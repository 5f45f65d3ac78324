"""The output of the demo fits into 100 columns, and its data is valid JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cli.demo import fixtures
from service.cli.demo.output import WIDTH, paragraph, sign, to_json


@pytest.mark.parametrize(
    "step", [*fixtures.DIRECTORY, *fixtures.CODES, fixtures.OFFICE_OPENS, *fixtures.PEOPLE], ids=lambda s: str(s[1])
)
def test_data_of_the_script_fits_and_is_valid_json(step: fixtures.Step) -> None:
    text = to_json(step[2], 4)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert json.loads(text) == step[2]


def test_an_object_within_others_fits_with_their_names() -> None:
    text = to_json({"data": {"attributes": fixtures.HELD_OVER_HTTP}}, 4)
    assert max(map(len, text.splitlines())) <= WIDTH


@given(
    st.recursive(
        st.text(alphabet="abc -é", max_size=30) | st.integers() | st.none(),
        lambda inner: (
            st.lists(inner, max_size=5) | st.dictionaries(st.text(alphabet="abc", max_size=8), inner, max_size=5)
        ),
        max_leaves=20,
    )
)
def test_data_with_short_strings_is_valid_json(data: object) -> None:
    assert json.loads(to_json(data, 4)) == data


def test_long_lines_are_cut_and_paragraphs_are_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    sign("->", "x" * 300)
    paragraph("word " * 60)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[0].endswith("…")
