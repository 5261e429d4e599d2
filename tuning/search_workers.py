"""The processes that work on a search: their start and their supervision."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from keras_mtl.configuration.toml_file import read_toml, write_toml
from keras_mtl.errors import RunStoppedError, UserError
from tuning.shared_trials import PAUSE, OnTrial, SharedTrials
from tuning.trial_store import TrialStore
from tuning.trials import Trial

__all__ = ["SEARCH", "begin_or_join", "run_workers"]

# The file of the settings, from which a search is resumed or joined.
SEARCH = "search.toml"
# The average number of deaths per worker after which no more workers are started.
RESTARTS = 3
# The time, in seconds, in which a worker has to end by itself.
PATIENCE = 10.0


def begin_or_join(folder: Path, values: Mapping[str, Any]) -> None:
    """Make a search folder, or join one with the same settings.

    Args:
        folder: The search folder.
        values: The plain values of `search.toml`.

    Raises:
        UserError: If the folder exists and belongs to another search.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    mine = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        # Temporary folders are private, but processes of other users may join.
        mine.chmod(0o777 & ~_umask())
        write_toml(mine / SEARCH, dict(values))
        # The file appears together with the folder, and from one process only, since a
        # folder that is not empty is not replaced.
        with contextlib.suppress(OSError):
            mine.rename(folder)
            return
        if not (folder / SEARCH).is_file():
            raise UserError(
                f"{folder}: expected the folder of a search, or none; it has no "
                f"{SEARCH}. Choose another with --out."
            )
        theirs, own = read_toml(str(folder / SEARCH)), read_toml(str(mine / SEARCH))
        differing = [
            f"{key}: expected {_told(before)}, the setting of the search in {folder}; "
            f"received {_told(now)}. Leave all flags but --out and --join out "
            "to take its settings."
            for key, before, now in _differences(theirs, own)
        ]
        if differing:
            raise UserError(*differing)
    finally:
        shutil.rmtree(mine, ignore_errors=True)


def run_workers(
    folder: Path,
    count: int,
    trials: int,
    shared: SharedTrials,
    store: TrialStore,
    on_trial: OnTrial,
    imports: Sequence[str] = (),
) -> list[Trial]:
    """Start processes that share the trials of a search, and wait for all trials.

    A killed worker is replaced, and its trials run again. All workers have ended when
    the function returns or raises.

    Args:
        folder: The search folder, with its `search.toml`.
        count: The number of processes.
        trials: The number of trials of the search.
        shared: The claims of the search. This process claims the end of the search.
        store: The store of finished trials.
        on_trial: A function that is called with each trial after its end.
        imports: The modules that each process imports first.

    Returns:
        All trials, in the order of their numbers.

    Raises:
        RunStoppedError: If all workers have ended early.
    """
    while shared.take_end() is None:
        time.sleep(PAUSE)
    command = [sys.executable, "-m", "tuning", "--join", "--quiet"]
    command += ["--out", str(folder.resolve())]
    for name in imports:
        command += ["--import", name]
    restarts = RESTARTS * count
    with _workers(shared) as workers:
        for _ in range(count if len(store.trials) < trials else 0):
            workers.append(_start(command))
        while workers:
            # Checked before the folder is read: a worker that has ended by itself has
            # written all of its trials.
            ended = [each for each in workers if each.process.poll() is not None]
            exhausted = shared.exhausted
            for trial in store.refresh():
                on_trial(trial)
            if len(store.trials) >= trials or exhausted:
                break
            for worker in ended:
                workers.remove(worker)
                # A signal comes from outside; another failure would probably repeat.
                if worker.process.returncode < 0 and restarts:
                    restarts -= 1
                    workers.append(_start(command))
            if not workers:
                raise RunStoppedError(
                    f"no worker is left, and {len(store.trials)} of {trials} trials "
                    f"have ended. The last one's messages: {ended[-1].told()}"
                )
            time.sleep(PAUSE)
    return store.trials


@dataclass(frozen=True)
class _Worker:
    process: subprocess.Popen[bytes]
    messages: BinaryIO

    def told(self) -> str:
        """Return the last lines of the worker's standard error."""
        self.messages.seek(0)
        text = self.messages.read().decode("utf-8", "replace")
        return "\n".join(text.strip().splitlines()[-10:]) or "none"


def _start(command: Sequence[str]) -> _Worker:
    # Unlike a pipe, a file never blocks its writer.
    messages = tempfile.TemporaryFile()  # noqa: SIM115
    with _interrupts_ignored():
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=messages,
        )
    return _Worker(process, messages)


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Make processes that start in this context ignore Ctrl-C.

    The terminal sends Ctrl-C to all processes, so a worker would be interrupted twice,
    the second time while it releases its claims.
    """
    if threading.current_thread() is not threading.main_thread():
        # Python sets signal handlers only in the main thread.
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _workers(shared: SharedTrials) -> Iterator[list[_Worker]]:
    """Yield a list, and end all processes in it on leaving the context."""
    workers: list[_Worker] = []
    try:
        yield workers
    finally:
        for worker in workers:
            worker.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + PATIENCE
        for worker in workers:
            try:
                worker.process.wait(max(end - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.messages.close()
            shared.claims.release_of(worker.process.pid)


def _differences(
    theirs: Mapping[str, Any], own: Mapping[str, Any], place: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys([*theirs, *own]):
        before, now = theirs.get(key), own.get(key)
        if isinstance(before, dict) and isinstance(now, dict):
            yield from _differences(before, now, f"{place}{key}.")
        elif before != now:
            yield f"{place}{key}", before, now


def _told(value: Any) -> str:
    # Settings with their default are not in the file.
    return "the default" if value is None else repr(value)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
