"""Cursors of lists: where the next page begins. Only a cursor that a list issued is accepted by that list."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final

from service.http.parameter import Parameter, invalid
from service.http.value import is_id

_SUM_BYTES: Final = 6


def issued(collection: str, last: str) -> str:
    """Return the cursor of the page of a collection that follows the item with the id `last`."""
    return urlsafe_b64encode(_checksum(collection, last) + last.encode()).rstrip(b"=").decode()


def cursor(collection: str) -> Parameter[str | None]:
    """Return the parameter with a cursor of this collection. Its value is the id that the page follows."""

    def parse(texts: list[str]) -> str:
        last = _opened(collection, texts[0])
        if last is None:
            raise invalid("cursor must be taken from the link to the next page of this list.")
        return last

    description = "The start of the page; take it from the link to the next page."
    schema = {"type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9_-]+$"}
    return Parameter("cursor", parse, None, description, schema, example=issued(collection, "pc:669"))


def _opened(collection: str, text: str) -> str | None:
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        last = raw[_SUM_BYTES:].decode("ascii")
    except ValueError:
        return None
    return last if is_id(last) and issued(collection, last) == text else None


def _checksum(collection: str, last: str) -> bytes:
    return sha256(f"{collection} {last}".encode()).digest()[:_SUM_BYTES]
