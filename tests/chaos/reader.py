"""An HTTP client that reads during a whole run: versions must not decrease, and answers must return after a fault."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.checker.evidence import Answer
from tests.support.checker.observed import HttpAnswers
from tests.support.process import Service

if TYPE_CHECKING:
    from tests.chaos.run import Run

ISSUER = "https://chaos.example"
PAUSE_SECONDS = 0.05
GROUPS = ("armstrong-group-selling", "acv-group-selling", "allrisk-group-selling")


def answers(service: Service) -> bool:
    """Return whether this process serves the API."""
    return tuple(service.arguments) in ((), ("--role", "api"))


class Reader:
    """Sends requests to each running service in turn; `answers` are in order of arrival."""

    issuer = ISSUER

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.answers: list[Answer] = []
        self.name = "reader"
        """Changes when the database loses transactions: a new reader may see lower versions."""
        self.paths = {group: f"/groups/{group}" for group in GROUPS}
        """The requested paths by subject."""

    @property
    def keys(self) -> Path:
        """The file with the public key for the services."""
        file = self._run.folder / "jwks.json"
        if not file.exists():
            public = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
            file.write_bytes(orjson.dumps({"keys": [{**public, "kid": "chaos", "alg": "ES256", "use": "sig"}]}))
        return file

    def token(self, subject: str = "chaos", scope: str = "admin:read account:read") -> str:
        """Return a token, by default with all read scopes; the clocks of services may be wrong by an hour."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "producer-registry", "sub": subject, "scope": scope}
        claims |= {"iat": now - 7200, "exp": now + 4 * 3600}  # type: ignore[dict-item]
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": "chaos", "typ": "at+jwt"})

    def description(self) -> str:
        """Return the number of answers of each status as text."""
        counts = Counter(answer.status for answer in self.answers)
        return "answers " + ", ".join(f"{status or 'none'}: {count}" for status, count in sorted(counts.items()))

    async def run(self) -> None:
        """Send requests until cancelled."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        async with httpx2.AsyncClient(headers=headers, timeout=5) as client:
            while True:
                for service in self._run.living:
                    if answers(service):
                        for subject, path in self.paths.items():
                            await self._ask(client, f"http://127.0.0.1:{service.api_port}{path}", subject)
                await asyncio.sleep(PAUSE_SECONDS)

    async def read_all(self, service: Service) -> HttpAnswers:
        """Read all resources from a service. Raises AssertionError when a request fails."""
        observed = HttpAnswers()
        headers = {"Authorization": f"Bearer {self.token()}"}
        address = f"http://127.0.0.1:{service.api_port}"
        async with httpx2.AsyncClient(headers=headers, timeout=10, base_url=address) as client:

            async def get(path: str) -> httpx2.Response:
                answer = await client.get(path)
                assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
                return answer

            async def pages(path: str) -> list[dict[str, Any]]:
                elements: list[dict[str, Any]] = []
                while page := (await get(f"{path}?pageSize=100&pageOffset={len(elements)}")).json()["data"]:
                    elements += [element["attributes"] for element in page]
                return elements

            async def listed(name: str) -> dict[str, dict[str, Any]]:
                found: dict[str, dict[str, Any]] = {}
                path = f"/{name}?limit=1000"
                while path:
                    page = await get(path)
                    found |= {one["id"]: one for one in page.json()[name]}
                    path = page.links.get("next", {}).get("url", "")
                return found

            observed.groups = await listed("groups")
            observed.producers = await listed("producers")
            observed.codes = {code["id"]: code for code in await pages("/admin/v1/producer-codes")}
            for id_ in observed.producers:
                observed.users[id_] = await pages(f"/admin/v1/users/{id_}/producer-codes")
            for id_ in observed.groups:
                observed.holders[id_] = await pages(f"/admin/v1/groups/{id_}/producer-codes")
        return observed

    async def _ask(self, client: httpx2.AsyncClient, url: str, subject: str) -> None:
        try:
            answer = await client.get(url)
        except httpx2.HTTPError:
            self.answers.append(Answer(self.name, subject, 0, None))
            return
        version = int(answer.headers["etag"].strip('"').partition("-")[0]) if answer.status_code == 200 else None
        self.answers.append(Answer(self.name, subject, answer.status_code, version))
