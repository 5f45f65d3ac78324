"""Requests that are generated from the examples of the OpenAPI document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """A request; `shown` is the example of its response, None if there is none."""

    method: str
    path: str
    content_type: str | None = None
    body: Any = None
    shown: Any = None


def reads(document: Mapping[str, Any]) -> Iterator[ExampleRequest]:
    """Yield the requests of all GET operations: without optional parameters, and with each that has an example."""
    for template, methods in document["paths"].items():
        parameters = methods["get"]["parameters"] if "get" in methods else None
        if parameters is None:
            continue
        required = [one for one in parameters if one.get("required")]
        shown = methods["get"]["responses"]["200"]["content"]["application/json"]["example"]
        yield ExampleRequest("GET", _address(template, required), shown=shown)
        for optional in parameters:
            if not optional.get("required") and "example" in optional:
                yield ExampleRequest("GET", _address(template, [*required, optional]))


def writes(document: Mapping[str, Any]) -> Iterator[ExampleRequest]:
    """Yield the requests of all other operations, one for each type of body."""
    for template, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "get":
                continue
            address = _address(template, [one for one in operation["parameters"] if one.get("required")])
            bodies = operation.get("requestBody", {}).get("content", {None: {}})
            for content_type, body in bodies.items():
                yield ExampleRequest(method.upper(), address, content_type, body.get("example"))


def _address(template: str, parameters: list[Mapping[str, Any]]) -> str:
    path, query = template, []
    for one in parameters:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", quote(one["example"], safe=":"))
        elif one["in"] == "query":
            query += [(one["name"], value) for value in _values(one)]
    return f"{path}?{urlencode(query)}" if query else path


def _values(parameter: Mapping[str, Any]) -> list[str]:
    example = parameter["example"]
    if not isinstance(example, list):
        return [str(example).lower() if isinstance(example, bool) else str(example)]
    return [",".join(example)] if parameter.get("explode") is False else example
