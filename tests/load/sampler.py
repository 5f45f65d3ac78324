"""Run `producer-registry` and sample its stack after every millisecond of CPU time.

`python -m tests.load.sampler FILE ARGUMENTS…`; SIGUSR1 discards the samples, which excludes the start-up. At the end
FILE has the counted stacks, one per line: outermost frame first, frames separated by ;, then the number (the "folded"
format of flame graph tools). Time in C code counts for the calling Python line.
"""

import signal
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

INTERVAL_SECONDS = 0.001
_DEPTH = 120
_ROOTS = ("site-packages/", "/lib/python3", f"{Path(__file__).parents[2]}/")


class Sampler:
    """Counts stacks; the signal handler must be fast, so names are looked up at the end."""

    def __init__(self) -> None:
        self._stacks: Counter[tuple[CodeType, ...]] = Counter()

    def start(self) -> None:
        """Start to sample; SIGUSR1 discards the samples."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.signal(signal.SIGUSR1, lambda *_: self._stacks.clear())
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)

    def stop(self) -> dict[str, int]:
        """Stop sampling. Return the folded stacks with their numbers of samples."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        folded: Counter[str] = Counter()
        for stack, count in self._stacks.items():
            folded[";".join(_name(code) for code in reversed(stack))] += count
        return dict(folded)

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        codes: list[CodeType] = []
        while frame is not None and len(codes) < _DEPTH:
            codes.append(frame.f_code)
            frame = frame.f_back
        self._stacks[tuple(codes)] += 1


def _name(code: CodeType) -> str:
    path = code.co_filename
    for root in _ROOTS:
        _, found, rest = path.rpartition(root)
        if found:
            path = rest.partition("/")[2] if root.startswith("/lib") else rest
            break
    return f"{path.removesuffix('.py').replace('/', '.')}:{code.co_qualname}"


def main() -> None:
    """Run the program under the sampler."""
    from service.cli.main import main as run

    file, sys.argv = Path(sys.argv[1]), ["producer-registry", *sys.argv[2:]]
    sampler = Sampler()
    sampler.start()
    try:
        run()
    finally:
        lines = (f"{stack} {count}" for stack, count in sorted(sampler.stop().items()))
        file.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
