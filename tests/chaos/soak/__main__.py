"""`python -m tests.chaos.soak --minutes 30`: half load, a fault every 20 seconds, and a verdict at the end."""

import argparse
import asyncio
import logging
import sys
from functools import partial

from tests.chaos.site import Site
from tests.chaos.soak.soak import Plan, soak
from tests.chaos.until_signal import until_signal


def main() -> int:
    """Run and report; 0 when there is no violation and memory is stable."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1, help="seed of the faults and the commands")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between the starts of two faults")
    parser.add_argument(
        "--rate", type=float, default=0.0, help="commands per second; 0 for half of the rate of a trial"
    )
    parser.add_argument("--codes", type=int, default=2000, help="number of codes that the commands concern")
    parser.add_argument("--broker", choices=["tansu", "apache"], default="tansu")
    parser.add_argument(
        "--broker-gib", type=float, default=12.0, help="stop early when the broker uses this much memory, in GiB"
    )
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    plan = Plan(options.minutes, options.seed, options.every, options.rate, options.codes, options.broker_gib)
    return asyncio.run(until_signal(_run(plan, options.broker)))


async def _run(plan: Plan, broker: str) -> int:
    # The records of half an hour do not fit on the small disk.
    async with Site("apache" if broker == "apache" else "tansu", small_broker_disk=False).open() as site:
        return 0 if await soak(site, plan, say=partial(print, flush=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
