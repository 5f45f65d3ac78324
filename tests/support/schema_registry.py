"""A schema registry for tests: the part of Confluent's REST interface that registrations use, in memory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.support.thread_server import thread_server

MODES = {f"{mode}{suffix}" for mode in ("BACKWARD", "FORWARD", "FULL") for suffix in ("", "_TRANSITIVE")} | {"NONE"}


class Refused(Exception):
    """A request that the registry refuses, with the status and its error code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class StubRegistry:
    """Subjects with their versions and modes. `incompatible` names a subject whose next schema is refused."""

    def __init__(self) -> None:
        self.url = ""
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.modes: dict[str, str] = {}
        self.authorizations: set[str | None] = set()
        self.incompatible = ""
        self.password = ""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the response to a request. Raises Refused."""
        match method, [unquote(part) for part in path.strip("/").split("/")]:
            case "PUT", ["config", subject]:
                if body["compatibility"] not in MODES:
                    raise Refused(422, 42203, "Invalid compatibility level")
                self.modes[subject] = body["compatibility"]
                return {"compatibility": body["compatibility"]}
            case "POST", ["subjects", subject, "versions"]:
                if subject == self.incompatible:
                    raise Refused(409, 409, "Schema being registered is incompatible with an earlier schema")
                self._check(body)
                versions = self.versions.setdefault(subject, [])
                if body not in versions:
                    versions.append(body)
                # Confluent's registry returned the id only, until version 7.4.
                return {"id": hash(json.dumps(body)) & 0xFFFF}
            case "POST", ["subjects", subject]:
                return {"subject": subject, "version": self.versions[subject].index(body) + 1, "schema": body["schema"]}
        raise Refused(404, 404, "HTTP 404 Not Found")

    def _check(self, body: dict[str, Any]) -> None:
        """Refuse an invalid schema, and one whose references are not exactly the registered subjects."""
        assert body["schemaType"] == "JSON"
        schema = json.loads(body["schema"])
        Draft202012Validator.check_schema(schema)
        resources: Registry[Any] = Registry()
        for reference in body["references"]:
            versions = self.versions.get(reference["subject"], [])
            if not 0 < reference["version"] <= len(versions):
                raise Refused(422, 42201, f"No schema reference found for subject {reference['subject']}")
            found = json.loads(versions[reference["version"] - 1]["schema"])
            resources = resources.with_resource(reference["name"], Resource.from_contents(found))
        for part in schema.get("anyOf", ()):
            if "$ref" in part:
                resources.resolver().lookup(part["$ref"])


@contextmanager
def stub_registry() -> Iterator[StubRegistry]:
    """Serve a registry on a free port of 127.0.0.1."""
    registry = StubRegistry()

    class Handler(BaseHTTPRequestHandler):
        def _respond(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            registry.authorizations.add(self.headers["Authorization"])
            try:
                if registry.password and registry.password not in (self.headers["Authorization"] or ""):
                    raise Refused(401, 40101, "Unauthorized")
                status, answer = 200, registry.answer(self.command, self.path, body)
            except Refused as refused:
                status, answer = refused.status, {"error_code": refused.code, "message": str(refused)}
            raw = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def do_POST(self) -> None:
            self._respond()

        def do_PUT(self) -> None:
            self._respond()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with thread_server(Handler) as registry.url:
        yield registry
