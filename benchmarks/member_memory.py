"""The memory that training many members takes, each number in its own process.

    python -m benchmarks.member_memory COUNT

trains so many members of the article's network for two epochs and prints the
peak of the process's resident memory in megabytes. Needs Linux, which tells a
process its own peak.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.process_memory import process_memory

__all__ = ["peak_memory"]

BATCH_SIZE = 32


def peak_memory(members: int) -> float:
    """Train members in a process of its own; return its peak in megabytes."""
    command = [sys.executable, "-m", "benchmarks.member_memory", str(members)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def _peak(members: int) -> float:
    from benchmarks.keras_fits import member_epochs

    member_epochs(members, BATCH_SIZE, epochs=1)
    return process_memory("VmHWM")


if __name__ == "__main__":
    print(_peak(int(sys.argv[1])))
