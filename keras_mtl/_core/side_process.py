"""A second Python process that works in parallel.

Importing TensorFlow takes seconds, and Python runs on one core. A process that starts
early has finished its imports when it is needed, and works while this process
continues.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import IO, Any

__all__ = ["SideProcess", "SideProcessError"]

# Without `-m`, the child imports from the same places as this process, independent of
# the current folder and of changes of `sys.path`.
_PROGRAM = (
    "import json, sys; options = json.loads(sys.argv[1]); "
    "sys.path[:] = options['path']; "
    "from keras_mtl._core.side_process import serve; serve(options)"
)


class SideProcessError(RuntimeError):
    """An error for a call that the other process could not run."""


class SideProcess:
    """A Python process that imports modules immediately and then waits for calls.

    Use it as a context manager: leaving the context ends the process, and so does any
    end of this process.

    Args:
        imports: The modules to import first.
        without: Modules that the process must not import; importing one fails.
        environment: Environment variables in addition to those of this process.

    Example:

    >>> with SideProcess(imports=["math"]) as side:
    ...     side.submit("math:hypot", 3, 4)
    ...     side.result()
    5.0
    """

    def __init__(
        self,
        imports: Sequence[str] = (),
        without: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        options: dict[str, Any] = {
            "path": sys.path,
            "imports": imports,
            "without": without,
        }
        self._connection, other = multiprocessing.Pipe()
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        with other:
            options["connection"] = other.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, json.dumps(options)],
                stdin=subprocess.DEVNULL,
                stdout=self._stderr,
                stderr=self._stderr,
                env={**os.environ, **(environment or {})},
                pass_fds=[other.fileno()],
                # Only this process handles Ctrl-C in a terminal, and then ends the
                # other one.
                start_new_session=True,
            )
        self._busy = False

    def submit(self, function: str, *arguments: Any) -> None:
        """Start a call, and return immediately.

        Args:
            function: The `"module:name"` of the function.
            *arguments: The arguments of the function, which are pickled.

        Raises:
            SideProcessError: If the process has ended, an argument cannot be pickled,
                or the result of the last call has not been read.
        """
        # One call at a time, since the pipe would block if both sides sent at once.
        if self._busy:
            raise SideProcessError("Expected one call at a time. Received: a second.")
        try:
            self._connection.send((function, arguments))
        except OSError as error:
            raise SideProcessError(self._ending()) from error
        # Pickling runs the objects' own code, which may raise any error.
        except Exception as error:
            raise SideProcessError(f"{function}: {error}") from error
        self._busy = True

    def result(self) -> Any:
        """Wait for the call that `submit` started, and return its result.

        Raises:
            SideProcessError: If the call failed, with its error, or the process
                has ended.
        """
        try:
            succeeded, value = self._connection.recv()
        except (EOFError, OSError) as error:
            raise SideProcessError(self._ending()) from error
        finally:
            self._busy = False
        if not succeeded:
            raise SideProcessError(value)
        return value

    def close(self) -> None:
        """End the process, even during a call."""
        self._process.kill()
        self._process.wait()
        self._connection.close()
        self._stderr.close()

    def __enter__(self) -> SideProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ending(self) -> str:
        """Describe how the process ended, with the last line of its errors."""
        status = self._process.wait()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        last = f": {lines[-1]}" if lines else ""
        return f"the process ended with status {status}{last}"


def serve(options: dict[str, Any]) -> None:
    """Run calls until the input ends: the main program of the other process."""
    connection = Connection(options["connection"])
    for name in options["without"]:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in options["imports"]:
        importlib.import_module(name)
    while True:
        try:
            function, arguments = connection.recv()
        except (EOFError, ConnectionError):
            return
        except Exception as error:  # the arguments' own code
            answer = (False, _describe(error))
        else:
            answer = _call(function, arguments)
        connection.send(answer)


def _call(function: str, arguments: Sequence[Any]) -> tuple[bool, Any]:
    module, _, name = function.partition(":")
    try:
        return True, getattr(importlib.import_module(module), name)(*arguments)
    except Exception as error:
        return False, _describe(error)


def _describe(error: Exception) -> str:
    return "".join(traceback.format_exception_only(error)).strip()
