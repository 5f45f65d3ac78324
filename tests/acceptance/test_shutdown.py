"""How a process ends: when its deadline begins, what answers meanwhile, and what is left when it is not kept."""

import asyncio

from service.stack import port as ports
from tests.support.registry import Registry
from tests.support.wait import eventually


async def test_a_signal_at_the_start_ends_it_well(registry: Registry) -> None:
    service = registry.service()
    service.start()
    # The port listens before anything answers there, as early as anybody can tell that the process is there.
    await eventually(lambda: _listens(service.admin_port), what="the admin port")
    assert await service.stop() == 0, service.last_lines()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(ports.HOST, port)
    except OSError:
        return False
    writer.close()
    return True
