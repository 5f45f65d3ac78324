"""Run the program with a wall clock that is wrong by this many seconds: `skewed.py 3600 serve`."""

import datetime
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

offset = float(sys.argv.pop(1))
real_time = time.time
time.time = lambda: real_time() + offset

from service import clock  # noqa: E402  # after the clock is changed

real_now = clock.now
clock.now = lambda: real_now() + datetime.timedelta(seconds=offset)
from service.cli.main import main  # noqa: E402

main()
