"""The rules of attributes: the registry accepts exactly what their schemas allow, and names the attribute."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from service.contract.attribute_rule import RULES
from service.contract.envelope import Limits
from tests.support.record import FakeRecord
from tests.unit.contract.schema_validator import schema_validator
from tests.unit.contract.support import binary, event, problems, structured

EXAMPLES = int(os.environ.get("REGISTRY_TEST_BODIES", "20"))
CHECKED = [name for name in RULES if name not in {"id", "subject"}]
LIMITS = Limits(reply_topics=frozenset({"replies"}))
VALID = {
    "source": [
        "/agency-management", "https://crm.example.com/a?b=c#d", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "pc:1", "//host:80/p", "http://u:p@[2001:db8::1]:8080/", "x/http/ann", "?q", "#f", "/a//b", "/%C3%A9",
        "mailto:a@b.example", "a" * 1024,
    ],
    "time": ["2026-11-29T10:00:00Z", "2024-02-29t23:59:60.123456789+05:30"],
    "expectedversion": ["0", "7", "007", "0000000001", "2147483647", "1999999999"],
    "correlationid": ["", "é", "a b", "x" * 256],
    "replyto": ["replies"],
    "dataschema": ["urn:producer-registry:schema:user.create:v1:0123456789ab", "https://example.com/schemas/a:v1:b?c=d"],
}  # fmt: skip
INVALID = {
    "source": [
        " ", "crm system", "/agency management", "/büro", "a%2", "a%zz", "3com:x", "a#b#c", "a[1]", "<a>", 'a"b',
        "a\\b", "a^b", "a`b", "a{b}", "a|b", "a\tb", "a\n", "http://u@h@i/", "http://a:b:c/", "http://[::1",
    ],
    "time": ["", "2023-02-29T10:00:00Z", "2026-11-29T10:00:00", "2026-11-29T10:00:00Z\n"],
    "expectedversion": ["", "-1", "+1", " 1", "1.0", "x", "2147483648", "3000000000", "00000000001", "٣", "1\n"],
    "correlationid": ["x" * 257],
    "replyto": ["", "other", "a b"],
    "dataschema": ["", "user.create", "/schemas/user.create.v1.json", "urn:a b", "urn:a#b", "https://example.com/ä"],
}  # fmt: skip


def _sent(name: str, text: str) -> FakeRecord:
    attributes: dict[str, Any] = {name: text}
    return binary(**attributes)


def _paths(name: str, text: str) -> list[str]:
    by_mode = [
        [problem.path for problem in problems(one, LIMITS)]
        for one in (_sent(name, text), structured(event(**{name: text})))
    ]
    assert by_mode[0] == by_mode[1]
    return by_mode[0]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in VALID.items() for text in texts])
def test_a_valid_attribute_is_accepted(name: str, text: str) -> None:
    assert _paths(name, text) == []
    assert schema_validator(RULES[name].schema()).is_valid(text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in INVALID.items() for text in texts])
def test_an_invalid_attribute_is_rejected_by_its_name(name: str, text: str) -> None:
    assert _paths(name, text) == [name]
    assert schema_validator(RULES[name].schema()).is_valid(text) == (text == "other")


def test_a_rejection_says_what_would_be_right() -> None:
    [problem] = problems(binary(source="crm system"))
    assert (problem.code, problem.message) == (
        "invalid",
        "source must be a URI reference of RFC 3986, such as /agency-management: without spaces, and with other "
        "characters as escapes.",
    )


@pytest.mark.parametrize("value", [7, True, ["urn:a:b"], {}])
def test_a_schema_address_that_is_not_a_string_is_rejected(value: object) -> None:
    assert [problem.path for problem in problems(structured(event(dataschema=value)))] == ["dataschema"]


TEXTS = st.text(
    st.sampled_from("aZ09:/?#[]@!$&'()*+,;=-._~% \"<>\\^`{|}é\t\n\u2028") | st.characters(exclude_categories=["Cs"]),
    max_size=12,
)


@pytest.mark.parametrize("name", CHECKED)
def test_the_registry_and_the_schema_of_an_attribute_agree(name: str) -> None:
    rule = RULES[name]
    limits = Limits(reply_topics=frozenset())
    validator = schema_validator(rule.schema())

    @settings(max_examples=EXAMPLES, database=None, deadline=None)
    @given(TEXTS | st.from_regex(rule.pattern, fullmatch=True) | st.from_regex(f"{rule.pattern}[^a]", fullmatch=True))
    def agree(text: str) -> None:
        # A source with NUL is a dead letter, and one of the HTTP API is rejected for another reason.
        if name == "source" and ("\0" in text or text.startswith("/http/")):
            return
        found = (
            [problem.path for problem in problems(_sent(name, text), limits)] if text or name != "source" else [name]
        )
        accepted = name not in found
        if name == "replyto":
            accepted = rule.accepts(text)
        assert accepted == validator.is_valid(text)

    agree()


def test_every_rule_is_a_json_schema() -> None:
    for rule in RULES.values():
        Draft202012Validator.check_schema(rule.schema())
        assert rule.schema()["description"] == rule.description


@pytest.mark.parametrize("part", ["a", "%41", "a:", "//a@", "a?", "/", "//1:", "%", "[", "a%41:@/?#"])
def test_the_check_of_a_long_text_ends(part: str) -> None:
    """A pattern whose search takes exponential time would not end."""
    text = part * (1023 // len(part)) + " "
    assert not RULES["source"].accepts(text)
    assert not RULES["dataschema"].accepts(f"urn:{part * 20_000} ")
