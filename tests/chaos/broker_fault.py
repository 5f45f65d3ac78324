"""Faults of the broker and of the network to it: silent, cut, refused, frozen, restarted, lost commits."""

import asyncio
import signal

from service.stack.apache.cluster import Apache
from tests.chaos.fault import fault
from tests.chaos.run import SESSION_MS, Run
from tests.support.proxy import requests

PRODUCE, OFFSET_COMMIT = 0, 8
SESSION_SECONDS = SESSION_MS / 1000


@fault("offset commits lost", 5, seconds=3.0)
async def commits_lost(run: Run) -> None:
    for _ in range(3):
        trap = run.site.kafka_proxy.trap(requests(OFFSET_COMMIT), after=False)
        await asyncio.wait_for(trap.triggered.wait(), 30)


@fault("answers to offset commits lost", 5, seconds=3.0)
async def commit_answers_lost(run: Run) -> None:
    for _ in range(3):
        trap = run.site.kafka_proxy.trap(requests(OFFSET_COMMIT), after=True)
        await asyncio.wait_for(trap.triggered.wait(), 30)


@fault("answers to produce requests lost", 10, seconds=3.0)
async def answers_lost(run: Run) -> None:
    for _ in range(3):
        trap = run.site.kafka_proxy.trap(requests(PRODUCE), after=True)
        await asyncio.wait_for(trap.triggered.wait(), 30)


@fault("produce requests lost", 10, seconds=3.0)
async def produce_lost(run: Run) -> None:
    for _ in range(3):
        trap = run.site.kafka_proxy.trap(requests(PRODUCE), after=False)
        await asyncio.wait_for(trap.triggered.wait(), 30)


@fault("group starts at the beginning again", 6, seconds=4.0)
async def replayed(run: Run) -> None:
    await run.progress(0.5)
    for service in run.services:
        await run.stop(service)
    run.group = f"{run.name}-again"
    for service in run.services:
        service.settings["consumer_group"] = run.group
        run.start(service)


@fault("all connections to the broker cut", 16)
async def cut(run: Run) -> None:
    for share in (0.2, 0.4, 0.6, 0.8):
        await run.progress(share)
        for service in run.living:
            run.site.kafka_proxy.cut(service.pid)


@fault("broker silent for one process", 16, seconds=SESSION_SECONDS * 2)
async def silent(run: Run) -> None:
    await run.progress(0.3)
    with run.site.kafka_proxy.silent(run.random.choice(run.services).pid):
        await asyncio.sleep(SESSION_SECONDS * 1.6)


@fault("broker sends no answers", 16, seconds=SESSION_SECONDS * 2)
async def answers_dropped(run: Run) -> None:
    await run.progress(0.3)
    with run.site.kafka_proxy.silent(run.random.choice(run.services).pid, up=False):
        await asyncio.sleep(SESSION_SECONDS * 1.6)


@fault("broker receives no requests", 16, seconds=SESSION_SECONDS * 2)
async def requests_dropped(run: Run) -> None:
    await run.progress(0.3)
    with run.site.kafka_proxy.silent(run.random.choice(run.services).pid, down=False):
        await asyncio.sleep(SESSION_SECONDS * 1.6)


@fault("broker refuses connections", 16, 32, seconds=4.0)
async def away(run: Run) -> None:
    await run.progress(0.3)
    with run.site.kafka_proxy.away():
        await asyncio.sleep(SESSION_SECONDS)


@fault("slow network to the broker", 16, seconds=4.0)
async def slow(run: Run) -> None:
    with run.site.kafka_proxy.slow(0.02):
        await run.progress(0.9)


@fault("broker frozen", 8, seconds=5.0)
async def frozen(run: Run) -> None:
    await run.progress(0.3)
    kafka = run.site.kafka
    children = kafka.nodes[:1] if isinstance(kafka, Apache) else [kafka.child]
    for child in children:
        child.send(signal.SIGSTOP)
    await asyncio.sleep(run.random.uniform(1.0, SESSION_SECONDS * 1.5))
    for child in children:
        child.send(signal.SIGCONT)
