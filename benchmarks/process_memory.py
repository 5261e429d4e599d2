"""The memory of this process, as reported by Linux."""

from __future__ import annotations

from pathlib import Path

__all__ = ["process_memory"]


def process_memory(entry: str) -> float:
    """Return an entry of `/proc/self/status`, in MB (10^6 bytes).

    The peak from `resource` would include the peak of the parent process.

    Args:
        entry: `VmRSS` for the current memory, `VmHWM` for the peak memory.
    """
    status = Path("/proc/self/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith(entry))
    return int(line.split()[1]) * 1024 / 1e6
