"""The table of attacks. The numbers are those of the table in tests/chaos/ABUSE.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.abuse.attacker import Attack
from tests.abuse.attacks import (
    connections,
    endless,
    malformed,
    overload,
    queries,
    references,
    smuggling,
    tokens,
    unread,
)

Port = Literal["API", "admin"]


@dataclass(frozen=True, slots=True)
class Row:
    """An attack on a port. `minimum` is its length in seconds if it needs more than others, except in the short form.

    `prepare` runs before the period at rest. A row that `writes` gets a database and topics of its own. A `long` row is
    not part of the short form. If the time of the caller is `information`, it is not part of the verdict.
    """

    number: int
    name: str
    attack: Attack
    port: Port = "API"
    prepare: Attack | None = None
    minimum: float = 0.0
    writes: bool = False
    long: bool = False
    information: bool = False
    slow_issuer: bool = False

    @property
    def key(self) -> str:
        """The row as an identifier of tests."""
        return f"{self.number} {self.name} ({self.port})"


def _on_both(number: int, name: str, attack: Attack, *, minimum: float = 0.0) -> Iterator[Row]:
    yield Row(number, name, attack, minimum=minimum)
    yield Row(number, name, attack, "admin", minimum=minimum)


ROWS: tuple[Row, ...] = (
    *_on_both(1, "a header value without end", endless.header_value),
    *_on_both(1, "a URL without end", endless.url),
    *_on_both(1, "headers without end", endless.header_list),
    *_on_both(2, "70 connections with 100 requests each read nothing", unread.unread, minimum=16),
    Row(2, "70 connections with 100 requests with a token each read nothing", unread.unread_with_token, minimum=16),
    *_on_both(2, "70 connections with 100 requests each read 10 bytes per second", unread.slow_readers, minimum=16),
    Row(
        3, "twice the commands that can be decided", overload.overload,
        prepare=overload.prepare_overload, writes=True, information=True,
    ),
    *_on_both(4, "1,200 silent connections and half-sent heads", connections.idle, minimum=14),
    Row(5, "random methods and paths", queries.random_routes),
    Row(
        6, "unknown keys, and an issuer that answers very slowly", tokens.unknown_keys,
        prepare=tokens.prepare_unknown_keys, slow_issuer=True, minimum=12, long=True,
    ),
    Row(7, "20 concurrent expensive reads of one caller", queries.expensive),
    Row(8, "10,000 unknown references in a command", references.unknown_references, writes=True),
    Row(9, "3,000 unknown parameters", queries.unknown_parameters),
    Row(10, "10,000 valid tokens of 8 KB", tokens.long_tokens, minimum=20),
    *_on_both(11, "3 chunked bodies of 300 MB", endless.chunked_bodies),
    *_on_both(12, "malformed requests and offers of other protocols", malformed.malformed),
    *_on_both(13, "wrong Host, encoded slashes, long URLs", malformed.strict),
    *_on_both(14, "request smuggling", smuggling.smuggling),
    *_on_both(14, "1,000 and 20,000 small headers", smuggling.many_headers),
    Row(14, "deep offsets in the order of codes", queries.deep_offsets),
    Row(14, "bad signatures", tokens.bad_signatures),
    Row(14, "unknown keys, alg none, odd claims", tokens.odd_tokens),
    Row(14, "1,000 references in a command", references.many_references, writes=True),
    Row(
        14, "192,000 commands at twice the rate", overload.many,
        prepare=overload.prepare_many, writes=True, information=True, long=True,
    ),
    Row(
        14, "20,000 updates of one code", overload.one_key,
        prepare=overload.prepare_one_key, writes=True, information=True, long=True,
    ),
    *_on_both(15, "500 connections per second that end at once", connections.churn),
)  # fmt: skip
