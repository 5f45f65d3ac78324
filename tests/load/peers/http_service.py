"""A plain FastAPI service with asyncpg that creates producer codes: one request, one transaction.

A table of idempotency keys with the responses, an outbox with a row per event, and a relay that publishes the events
with acks=all (and the idempotent producer, which the embedded broker does not support). A repeat with the same key gets
the first response. The token of each request is verified, and asyncpg's pool has its default size. One process with
uvloop, like the registry; the log of requests is off.

`python -m tests.load.peers.http_service PORT`, with the settings of the service from the environment.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import jwt
import orjson
import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict

from consumers.kafka.client import connection
from service.contract.topics import Topics
from service.core.ids import created_subject
from service.settings import load
from tests.load.peers.business import CreateCode, create

settings = load()
topics = Topics(settings.topic_prefix)
keys = {key.key_id: key.key for key in jwt.PyJWKSet.from_json(Path(settings.jwks).read_text()).keys}
work = asyncio.Event()
RELAYED = 500
TABLES = """
    CREATE TABLE IF NOT EXISTS idempotency (
        subject text, key text, status smallint NOT NULL, response bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (subject, key)
    );
    CREATE TABLE IF NOT EXISTS messages (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, key bytea NOT NULL,
        type text NOT NULL, payload bytea NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000)
"""


class Attributes(BaseModel):
    """The attributes of a new code in their envelope."""

    model_config = ConfigDict(extra="forbid")
    attributes: CreateCode


class Body(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid")
    data: Attributes


async def session(db: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Prepare a session of the pool, like those of the registry."""
    await db.execute("SET jit = off")


@asynccontextmanager
async def lifespan(started: FastAPI) -> AsyncIterator[None]:
    """Open the pool, create the tables, and run the relay."""
    async with asyncpg.create_pool(settings.database_url, init=session) as pool:
        await pool.execute(TABLES)
        started.state.pool = pool
        task = asyncio.create_task(relay(settings.database_url))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


app = FastAPI(lifespan=lifespan)
bearer = HTTPBearer()


def caller(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    """Return the subject of a valid token that may write."""
    try:
        key = keys[jwt.get_unverified_header(credentials.credentials)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            credentials.credentials, key, ["ES256"], audience=settings.jwt_audience, issuer=settings.jwt_issuer
        )
    except (KeyError, jwt.PyJWTError) as error:
        raise HTTPException(401) from error
    if "admin:write" not in claims["scope"].split():
        raise HTTPException(403)
    subject: str = claims["sub"]
    return subject


@app.post("/admin/v1/producer-codes", status_code=201)
async def create_code(
    body: Body, subject: Annotated[str, Depends(caller)], idempotency_key: Annotated[str, Header(max_length=128)]
) -> Response:
    """Create a code, or return the first response to this key."""
    async with app.state.pool.acquire() as db, db.transaction():
        known = await db.fetchrow(
            "SELECT status, response FROM idempotency WHERE subject = $1 AND key = $2", subject, idempotency_key
        )
        if known is not None:
            return Response(known["response"], known["status"], media_type="application/json")
        change = await create(db, created_subject(subject, idempotency_key), body.data.attributes)
        if change.event:
            payload = orjson.dumps({"id": change.subject, "type": change.event, "data": change.data})
            await db.execute(
                "INSERT INTO messages (topic, key, type, payload) VALUES ($1, $2, $3, $4)",
                topics.events["code"], change.subject.encode(), change.event, payload,
            )  # fmt: skip
        status = 201 if change.event else 422
        attributes = change.data.get("producerCode", {})
        answer = orjson.dumps({"data": {"attributes": attributes, "checksum": str(change.version)}})
        await db.execute(
            "INSERT INTO idempotency (subject, key, status, response) VALUES ($1, $2, $3, $4)",
            subject, idempotency_key, status, answer,
        )  # fmt: skip
    work.set()
    headers = {"Location": f"/admin/v1/producer-codes/{change.subject}", "ETag": f'"{change.version}"'}
    return Response(answer, status, headers, media_type="application/json")


async def relay(url: str) -> None:
    """Send the events of the outbox in order, and delete them after the acknowledgement."""
    options = {"acks": "all", "enable_idempotence": settings.kafka_idempotent_producer, "linger_ms": 5}
    db = await asyncpg.connect(url)
    async with AIOKafkaProducer(**connection(settings), **options) as producer:
        while True:
            rows = await db.fetch("SELECT * FROM messages ORDER BY position LIMIT $1", RELAYED)
            if not rows:
                work.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(work.wait(), 0.5)
                continue
            sent = [
                await producer.send(
                    row["topic"], row["payload"], key=row["key"], headers=[("ce_type", row["type"].encode())]
                )
                for row in rows
            ]
            await asyncio.gather(*sent)
            await db.execute("DELETE FROM messages WHERE position = ANY($1)", [row["position"] for row in rows])


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
