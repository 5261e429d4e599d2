"""Memory for the training of many members, measured in a process per number.

    python -m benchmarks.member_memory COUNT

trains COUNT members of the article's network for two epochs and prints the peak
resident memory of the process in megabytes. The command needs Linux, which reports the
peak memory of a process.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.process_memory import process_memory

__all__ = ["peak_memory"]

BATCH_SIZE = 32


def peak_memory(members: int) -> float:
    """Train members in a new process, and return its peak memory in megabytes."""
    command = [sys.executable, "-m", "benchmarks.member_memory", str(members)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def _peak(members: int) -> float:
    from benchmarks.keras_fits import member_epochs

    member_epochs(members, BATCH_SIZE, epochs=1)
    return process_memory("VmHWM")


if __name__ == "__main__":
    print(_peak(int(sys.argv[1])))
