"""Runs one command, and prints what the operating system charged it for:
`CPU_SECONDS WALL_SECONDS PEAK_BYTES EXIT_CODE`.

A process of its own that imports next to nothing, because of how Linux counts: the peak of a child begins with what its
parent had in memory when it started the child, and survives exec. A harness that holds pictures would lend its own size
to everything it measures. What this one lends, `python -I -S measure.py true` shows.
"""

import os
import sys
import time


def main(command):
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    began = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - began
    # In bytes on macOS, in KiB elsewhere (getrusage(2) of each).
    unit = 1 if sys.platform == "darwin" else 1024
    print(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * unit, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1:])
