"""Printing of text from users, and output to closed or full streams."""

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
    """Return text with escaped control characters.

    A column's name may contain an escape sequence that clears the screen, or a
    character that changes the direction of the line.

    Args:
        text: Text, or an object that `str` converts to text.

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
    """A text stream that drops text which cannot be written.

    Progress is only informative: a full disk or a closed pipe must not end the run.

    Args:
        stream: The stream, or None if the process was started without one.

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
        """Flush the written text, or drop it."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        # Attributes such as `isatty` and `encoding` are those of the stream.
        return getattr(self._stream or io.StringIO(), name)


def open_streams() -> None:
    """Make the three standard streams usable, even if they are closed.

    A closed stream (`>&-`) becomes the null device. Otherwise the next opened file
    would get its descriptor, and TensorFlow's own messages would be written into that
    file. A character that a stream's encoding does not have is written as an escape
    sequence.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # `os.open` uses the lowest free descriptor, which is this one.
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # The stream stays open as long as the process runs.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_output(text: str) -> None:
    """Write the result of a command to the standard output.

    Args:
        text: The output, without the last newline.

    Raises:
        RunStoppedError: If the output cannot be written, for example to a full disk.
        BrokenPipeError: If the reader has closed the pipe.
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
    """Drop unwritten standard output, which would raise an error at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
