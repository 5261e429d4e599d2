"""The memory that Linux says this process has."""

from __future__ import annotations

from pathlib import Path

__all__ = ["process_memory"]


def process_memory(entry: str) -> float:
    """Return an entry of Linux's account of this process, in MB (10^6 bytes).

    The account of `resource` would begin at the peak of the parent process.

    Args:
        entry: `VmRSS` for what it holds now, `VmHWM` for its peak.
    """
    status = Path("/proc/self/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith(entry))
    return int(line.split()[1]) * 1024 / 1e6
