"""Claims that divide trials among processes with a shared folder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Claim", "TrialClaims", "process_is_dead"]

# A heartbeat changes the time of a file. A claim is old after this many missed ones.
BEATS_BEFORE_OLD = 6


@dataclass(frozen=True)
class Claim:
    """The exclusive right of this process to some work.

    Attributes:
        name: The name of the claimed work, such as the number of a trial.
        path: The file of the claim, whose time of change is the heartbeat.
        deaths: The number of earlier owners that died.
    """

    name: str
    path: Path
    deaths: int = 0


class TrialClaims:
    """Exclusive claims as files in a folder, without a lock and without a chief.

    The files of the claim `7` are `7.0`, `7.1`, and so on, and the last file is valid.
    A process takes a claim by creating the next file exclusively, which succeeds in one
    process only, also on network file systems. A process that was suspended for long
    may lose its claim to another one. It is harmless, since it writes the same result
    to the same file.

    A claim ends with its process: at once for a process of this host, and otherwise
    when its heartbeat is old. Ages are differences of times that the file system itself
    has set, so the clocks of the hosts need not agree.

    Args:
        folder: The folder of the files.
        seconds: The age in seconds at which a heartbeat is old.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = TrialClaims(Path(folder))
    ...     second = TrialClaims(Path(folder))
    ...     mine = first.take("7")
    ...     second.take("7") is None, first.take("7") is None
    ...     first.release(mine)
    ...     second.take("7").name
    (True, True)
    '7'
    """

    def __init__(self, folder: Path, seconds: float = 60.0) -> None:
        self.folder, self.seconds = folder, seconds
        folder.mkdir(parents=True, exist_ok=True)
        self._held: dict[str, Claim] = {}
        self._changing = threading.Lock()

    def take(self, name: str) -> Claim | None:
        """Take a claim that is free, released, or owned by a dead process.

        Returns:
            The claim, or None if a living process has it.
        """
        number = deaths = 0
        while (path := self.folder / f"{name}.{number}").exists():
            number += 1
        for earlier in range(number):
            owner = _owner(self.folder / f"{name}.{earlier}")
            deaths += not owner.get("released", False)
        if number and not self._is_free(self.folder / f"{name}.{number - 1}"):
            return None
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        except FileExistsError:
            return None
        owner = {"host": socket.gethostname(), "pid": os.getpid()}
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(owner, file)
        claim = Claim(name, path, deaths)
        with self._changing:
            self._held[name] = claim
        return claim

    def release(self, claim: Claim) -> None:
        """Release a claim, so that any process can take it at once."""
        with self._changing:
            self._held.pop(claim.name, None)
        _write_released(claim.path)

    def release_of(self, pid: int) -> None:
        """Release the claims of an ended process of this host.

        The end does not count as a death, so the trials are not given up.
        """
        owner = {"host": socket.gethostname(), "pid": pid}
        for path in self.folder.glob("[!.]*.[0-9]*"):
            if _owner(path) == owner:
                _write_released(path)

    def drop(self, claim: Claim) -> None:
        """Stop the heartbeats of a claim whose work is done."""
        with self._changing:
            self._held.pop(claim.name, None)

    @contextlib.contextmanager
    def heartbeats(self) -> Iterator[None]:
        """Send heartbeats for all claims of this object while the context lasts.

        Claims that are still held at its end are released.
        """
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(self.seconds / BEATS_BEFORE_OLD):
                with self._changing:
                    paths = [claim.path for claim in self._held.values()]
                for path in paths:
                    # The folder may have been deleted after the search.
                    with contextlib.suppress(OSError):
                        os.utime(path)

        thread = threading.Thread(target=beat, name="heartbeats", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            for claim in list(self._held.values()):
                with contextlib.suppress(OSError):
                    self.release(claim)

    def _is_free(self, path: Path) -> bool:
        owner = _owner(path)
        if owner.get("released", False) or process_is_dead(owner):
            return True
        try:
            return self._now() - path.stat().st_mtime > self.seconds
        except FileNotFoundError:
            return False

    def _now(self) -> float:
        """Return the time of the file system, whose clock may not be this host's."""
        probe = self.folder / f".now-{socket.gethostname()}-{os.getpid()}"
        try:
            probe.touch()
            return probe.stat().st_mtime
        except OSError:
            return time.time()
        finally:
            probe.unlink(missing_ok=True)


def process_is_dead(owner: dict[str, Any]) -> bool:
    """Return whether a process is known to have ended.

    Args:
        owner: The `host` and `pid` of the process. A process of another host is never
            known to have ended.

    Example:

    >>> process_is_dead({"host": socket.gethostname(), "pid": os.getpid()})
    False
    """
    if owner.get("host") != socket.gethostname() or "pid" not in owner:
        return False
    try:
        os.kill(int(owner["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _write_released(path: Path) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps({"released": True}), "utf-8")
    partial.replace(path)


def _owner(path: Path) -> dict[str, Any]:
    """Read the owner of a claim; return {} while the file is being written."""
    try:
        owner = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}
