"""Answers with an entity tag: 200 with the body, or 304 when the caller has it already."""

from collections.abc import Mapping
from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import Response

JSON = "application/json"


def answer(
    request: Request,
    body: bytes,
    *,
    version: int = 0,
    tag: str | None = None,
    media_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with `tag`, or one made of version and body; what has no version of its own, such as a page, has 0."""
    quoted = f'"{tag or made_tag(version, body)}"'
    sent = {"ETag": quoted, "Cache-Control": "private, no-cache", "Vary": "Authorization", **(headers or {})}
    if _has(request, quoted):
        return Response(status_code=304, headers=sent)
    return Response(body, headers=sent, media_type=media_type)


def made_tag(version: int, body: bytes) -> str:
    """The tag `<version>-<hash of the body>`."""
    return f"{version}-{blake2b(body, digest_size=8).hexdigest()}"


def _has(request: Request, quoted: str) -> bool:
    """Whether If-None-Match names the tag, by the weak comparison of RFC 9110."""
    return any(
        part.strip().removeprefix("W/") in {quoted, "*"}
        for line in request.headers.getlist("if-none-match")
        for part in line.split(",")
    )
