"""What the admin port of a process says about the parts of its readiness."""

import httpx2

from tests.support.process import Service


async def part(service: Service, name: str) -> str:
    """Return the readiness of a part, an empty text while the port does not answer or does not know the part."""
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{service.admin_port}") as client:
            answer = await client.get("/readyz")
    except httpx2.TransportError:
        return ""
    parts: dict[str, str] = answer.json()["parts"]
    return parts.get(name, "")
