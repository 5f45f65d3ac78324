"""The subscribers of both languages read the state topics of Apache Kafka to their end, and have the same copy."""

import json
from pathlib import Path

from service.stack.apache.classpath import resolve
from tests.acceptance.test_examples import DIRECTORY, changes
from tests.support.example import EXAMPLES, by_kind, copied, registered, run, send, servers, subscriber
from tests.support.registry import Registry
from tests.support.wait import eventually


async def test_the_subscribers_in_python_and_java_have_the_state_of_the_registry(
    registry: Registry, tmp_path: Path
) -> None:
    service = await registry.started()
    for commands in (DIRECTORY, changes(1), changes(2)):
        assert (await send(registry, commands))[0] == 0
    # At its end, the process publishes what it decided.
    assert await service.stop() == 0, service.last_lines()
    expected = await registered(registry)
    copy = tmp_path / "copy.sqlite"

    async with subscriber(registry, copy, "--until-end") as process:
        await eventually(lambda: process.returncode is not None, deadline=60, what="the end of the subscriber")
        assert process.returncode == 0
    assert copied(copy) == expected

    java = ("java", "-cp", resolve(), str(EXAMPLES / "Subscriber.java"), servers(registry))
    code, out, err = await run(*java, str(registry.settings["topic_prefix"]), "--until-end", seconds=120)
    assert code == 0, err
    assert by_kind(json.loads(line.split("\t", 3)[3]) for line in out.splitlines()) == expected
