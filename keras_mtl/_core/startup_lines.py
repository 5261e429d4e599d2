"""Suppression of TensorFlow's start-up messages."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

__all__ = ["without_startup_lines"]

# The form of glog's lines, which C++ code writes before any setting takes effect.
LINE = re.compile(rb"(?:[IW]\d{4} |WARNING: All log messages before absl)")


@contextlib.contextmanager
def without_startup_lines() -> Iterator[None]:
    """Delay the standard error until the end of the context, without start-up lines.

    The lines that TensorFlow's C++ code writes during the import are left out.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        screen = os.dup(2)
    except OSError:
        yield  # The process was started without a standard error.
        return
    _flush()
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(screen, 2)
            written.seek(0)
            for line in written:
                if not LINE.match(line):
                    os.write(screen, line)
            os.close(screen)


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
