"""The jobs of `benchmarks.command_time`, each in its own process.

The last line that a job prints is its result, as JSON.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["command", "script", "whole"]

# The packages that `python -m keras_mtl.fit` imports.
IMPORTS = (
    "keras_mtl.configuration.validate",
    "keras_mtl.runs.fit_run",
    "keras_mtl.runs.train",
    "keras_mtl.runs.write_run",
    "keras_mtl.runs.cluster",
    "keras_mtl.serving.saved_model",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
)


class _Clock:
    """A clock of the seconds and the CPU seconds since its creation."""

    def __init__(self) -> None:
        self.start = time.perf_counter(), time.process_time()

    def read(self, what: str) -> dict[str, float]:
        return {
            what: time.perf_counter() - self.start[0],
            f"{what}_cpu": time.process_time() - self.start[1],
        }


def script() -> dict[str, float]:
    """Run the PyTorch script with the settings of the preset `article`."""
    from benchmarks.pytorch_script import run_script
    from keras_mtl.configuration.presets import PRESETS

    settings = PRESETS["article"]["training"]
    clock = _Clock()
    run_script(settings["epochs"], settings["batch_size"])
    return clock.read("trained")


def command(preset: str) -> dict[str, float]:
    """Run the command.

    Args:
        preset: The name of the preset.
    """
    for name in IMPORTS:
        importlib.import_module(name)
    from keras_mtl import fit
    from keras_mtl.runs import train

    found: dict[str, float] = {}
    train_run = train.train_run

    def train_and_note(*values: Any, **named: Any) -> Any:
        result = train_run(*values, **named)
        found.update(clock.read("trained"))
        return result

    train.train_run = train_and_note
    with tempfile.TemporaryDirectory() as folder:
        clock = _Clock()
        flags = ["--preset", preset, "--quiet", "--out", f"{folder}/run"]
        status = fit.main(flags)
        found.update(clock.read("written"))
    if status:
        raise SystemExit(status)
    return found


def whole(preset: str) -> dict[str, float]:
    """Run the command like a shell, and return the times at which its stages ended.

    Args:
        preset: The name of the preset.

    Returns:
        `time.time()` after TensorFlow was loaded, after the model was trained and after
        the folder was written.
    """
    from keras_mtl import fit
    from keras_mtl.runs import fit_run
    from keras_mtl.runs.terminal import Terminal

    marks: dict[str, float] = {}

    def note(context: Any, mark: str) -> Any:
        @contextlib.contextmanager
        def noted(*values: Any, **named: Any) -> Iterator[Any]:
            with context(*values, **named) as value:
                yield value
            marks[mark] = time.time()

        return noted

    # The names with which the command enters its stages.
    Terminal.loading = note(Terminal.loading, "loaded")  # type: ignore[method-assign]
    fit_run.KeepProgress = _ended(fit_run.KeepProgress, marks)  # type: ignore[misc]
    fit_run.new_run_folder = note(fit_run.new_run_folder, "written")
    with tempfile.TemporaryDirectory() as folder:
        flags = ["--preset", preset, "--quiet", "--out", f"{folder}/run"]
        status = fit.main(flags)
    if status:
        raise SystemExit(status)
    return marks


def _ended(kind: type, marks: dict[str, float]) -> type:
    """Make a class whose contexts record the time at which they end."""

    class Noted(kind):  # type: ignore[misc]
        def __exit__(self, *reason: Any) -> None:
            super().__exit__(*reason)
            marks["trained"] = time.time()

    return Noted


if __name__ == "__main__":
    job, *arguments = sys.argv[1:]
    print()
    print(
        json.dumps(
            {"script": script, "command": command, "whole": whole}[job](*arguments)
        )
    )
