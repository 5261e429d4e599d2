"""The checkpoint of an unfinished run, from which it can be resumed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from keras_mtl._core.whole_folders import flush
from keras_mtl.errors import RunStoppedError, UserError
from keras_mtl.training.progress import Progress

__all__ = [
    "Checkpoint",
    "KeepProgress",
    "checkpoint_path",
    "pack_checkpoint",
    "read_checkpoint",
    "run_of_checkpoint",
    "unpack_checkpoint",
    "write_checkpoint",
]

# The largest share of the time for writing, approximately.
SHARE_OF_TIME = 0.02
# The seconds between writes, so that short epochs are not each written.
SECONDS_APART = 1.0
# The first bytes of a file; another file format gets another number.
MARK = b"keras_mtl checkpoint 1\n"
DIGEST_BYTES = hashlib.sha256().digest_size
SUFFIX = ".checkpoint"


@dataclass(frozen=True)
class Checkpoint:
    """Identity and state of an unfinished run.

    Attributes:
        settings: The settings of the run as plain values, from `repeatable_values`.
        data: The digests of the training data by part.
        progress: The state of training.
    """

    settings: dict[str, Any]
    data: dict[str, str]
    progress: Progress


def checkpoint_path(run: Path) -> Path:
    """Return the path of a run's checkpoint, a hidden file beside the run.

    Example:

    >>> checkpoint_path(Path("runs/heart")).as_posix()
    'runs/.heart.checkpoint'
    """
    return run.with_name(f".{run.name}{SUFFIX}")


def run_of_checkpoint(path: Path) -> Path:
    """Return the run folder of a checkpoint.

    Example:

    >>> run_of_checkpoint(Path("runs/.heart.checkpoint")).as_posix()
    'runs/heart'
    """
    return path.with_name(path.name.removeprefix(".").removesuffix(SUFFIX))


def pack_checkpoint(checkpoint: Checkpoint) -> bytes:
    """Encode a checkpoint as bytes."""
    progress = checkpoint.progress
    header = {
        "settings": checkpoint.settings,
        "data": checkpoint.data,
        "generators": [dict(state) for state in progress.generators],
        "values": len(progress.state),
    }
    arrays: dict[str, Any] = {
        "header": np.frombuffer(json.dumps(header).encode(), "uint8"),
        "history": np.stack(progress.history),
        "latest": progress.latest,
    }
    for index, values in enumerate(progress.state):
        arrays[_name(index)] = np.asarray(values)
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    content = stream.getbuffer()
    return b"".join([MARK, hashlib.sha256(content).digest(), content])


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically.

    The file is written under another name, flushed to the disk and renamed. The last
    complete checkpoint therefore exists even if the process is killed at any time.

    Args:
        path: The path from `checkpoint_path`.
        checkpoint: The checkpoint.
    """
    content = pack_checkpoint(checkpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        # The unfinished file may have filled the disk.
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    part.replace(path)
    flush(path.parent)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        UserError: If the file is not a checkpoint, or has changed since it was written.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: expected a checkpoint that can be read; received: "
            f"{error.strerror}."
        ) from None
    return unpack_checkpoint(content, str(path))


def unpack_checkpoint(content: bytes, source: str) -> Checkpoint:
    """Decode a checkpoint from bytes.

    Args:
        content: The bytes from `pack_checkpoint`.
        source: The name of their source in messages.

    Raises:
        UserError: If the bytes are not a checkpoint, or have changed since they were
            encoded.
    """
    start = len(MARK) + DIGEST_BYTES
    if not content.startswith(MARK):
        raise UserError(
            f"{source}: expected a checkpoint of this version of keras_mtl; it is "
            "none. Train from the beginning, without --resume."
        )
    if hashlib.sha256(content[start:]).digest() != content[len(MARK) : start]:
        raise UserError(
            f"{source}: expected a checkpoint as it was written; its bytes have "
            "changed since. Train from the beginning, without --resume."
        )
    try:
        return _parse(content[start:])
    # A file with the right mark and digest may still lack arrays or keys, or have wrong
    # types.
    except (
        AttributeError,
        EOFError,
        IndexError,
        KeyError,
        OSError,
        OverflowError,
        RecursionError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
    ) as error:
        raise UserError(
            f"{source}: expected a checkpoint; what it holds is not one of a fit "
            f"({type(error).__name__}: {error}). Train from the beginning, without "
            "--resume."
        ) from None


def _parse(content: bytes) -> Checkpoint:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        header = json.loads(arrays["header"].tobytes())
        progress = Progress(
            [arrays[_name(index)] for index in range(header["values"])],
            header["generators"],
            list(arrays["history"]),
            arrays["latest"],
        )
    if not isinstance(header["settings"], dict) or not isinstance(header["data"], dict):
        raise TypeError("expected settings and digests by name")
    columns, members = progress.latest.shape
    if members != len(progress.generators) or any(
        epoch.shape != (columns, members) for epoch in progress.history
    ):
        raise ValueError("expected a history of all members")
    # Each state is decoded now and not only when training begins.
    progress.set_generators([np.random.default_rng() for _ in progress.generators])
    return Checkpoint(header["settings"], header["data"], progress)


def _name(index: int) -> str:
    return f"state_{index:05}"


class KeepProgress:
    """Context that writes checkpoints during training, at almost no cost in time.

    The first epoch is written immediately, later ones after enough time has passed. The
    last epoch is written when the context ends, for any reason.

    Args:
        path: The checkpoint's path.
        settings: See `Checkpoint`.
        data: See `Checkpoint`.
    """

    def __init__(
        self, path: Path, settings: dict[str, Any], data: dict[str, str]
    ) -> None:
        self.path = path
        self.settings = settings
        self.data = data
        self._waiting: Progress | None = None
        self._due = time.monotonic()
        # The last epoch in the file; 0 for no epoch.
        self.epoch = 0

    def __call__(self, progress: Progress) -> None:
        """Store the state of training after an epoch, and write it if it is time."""
        self._waiting = progress
        if time.monotonic() >= self._due:
            self.write()

    def __enter__(self) -> KeepProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # One error is enough: the failure to write may be the cause of the other.
        if not isinstance(error, RunStoppedError):
            self.write()

    def write(self) -> None:
        """Write the last state if it is not written yet.

        Raises:
            RunStoppedError: If the file cannot be written, for example because the disk
                is full.
        """
        if self._waiting is None:
            return
        start = time.monotonic()
        try:
            write_checkpoint(
                self.path, Checkpoint(self.settings, self.data, self._waiting)
            )
        except OSError as error:
            epoch = self._waiting.epoch
            kept = (
                f"that of epoch {self.epoch} is whole). Make room for it and go on "
                "with --resume."
                if self.epoch
                else "none yet). Nothing is kept: make room, or write to another disk "
                "with --out, and train again."
            )
            raise RunStoppedError(
                f"{self.path}: the checkpoint of epoch {epoch} could not be written: "
                f"{error.strerror} ({kept}"
            ) from error
        self.epoch = self._waiting.epoch
        self._waiting = None
        now = time.monotonic()
        self._due = now + max(SECONDS_APART, (now - start) / SHARE_OF_TIME)

    def remove(self) -> None:
        """Remove the file of a complete run."""
        self._waiting = None
        self.path.unlink(missing_ok=True)
