"""Printing of text from users, and streams that may be closed or full."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Any, TextIO

from keras_mtl._core.errors import RunStoppedError

__all__ = [
    "TolerantStream",
    "close_output",
    "open_streams",
    "printable",
    "write_output",
]


def printable(text: object) -> str:
    """Return text whose control characters are escaped.

    A column's name may hold an escape sequence that clears the screen, or a
    character that turns the direction of the line.

    Args:
        text: Any text, or what `str` makes one of.

    Example:

    >>> printable("flow \\x1b[2J [l/min]")
    'flow \\\\x1b[2J [l/min]'
    """
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape").decode("ascii")
        for character in str(text)
    )


class TolerantStream:
    """A text stream that drops what can't be written.

    Progress is only informative: a full disk or a closed pipe must not end the run.

    Args:
        stream: The stream, or None where the process was started without one.

    Example:

    >>> TolerantStream(None).write("lost")
    4
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, or drop it."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        # `isatty`, `encoding` and the like are the stream's own.
        return getattr(self._stream or io.StringIO(), name)


def open_streams() -> None:
    """Make the three standard streams usable, however the process was started.

    A closed one (`>&-`) becomes the null device: its number would otherwise go to
    the next file that is opened, which TensorFlow's own messages would then be
    written into. A character that a stream's encoding lacks is written as its
    escape.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number, which is this one.
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # It stays open as long as the process.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_output(text: str) -> None:
    """Write what a command was asked for to the standard output.

    Args:
        text: The output, without the last line's end.

    Raises:
        RunStoppedError: If it can't be written, as on a full disk.
        BrokenPipeError: If its reader has gone.
    """
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        close_output()
        raise
    except OSError as error:
        close_output()
        raise RunStoppedError(
            f"the output could not be written: {error.strerror}."
        ) from None


def close_output() -> None:
    """Drop what the standard output still holds, of which Python would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
