"""The job of `benchmarks.wide_tables`, in its own process.

The last line that the job prints is its result, as JSON.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from benchmarks.command_jobs import IMPORTS

__all__ = ["fit_table"]

# The function of each part of the command, in the module that the command uses.
PARTS = {
    "read": ("keras_mtl.runs.fit_run", "prepare_data"),
    "fit": ("keras_mtl.runs.train", "train_run"),
    "export": ("keras_mtl.runs.write_run", "write_run"),
}


def fit_table(path: str) -> dict[str, float]:
    """Fit and export a table with the command.

    Args:
        path: A CSV file with a binary label `y`.

    Returns:
        The seconds of each part, and of all parts, without imports.
    """
    for name in IMPORTS:
        importlib.import_module(name)
    from keras_mtl import fit

    seconds: dict[str, float] = {}
    for part, (module, name) in PARTS.items():
        owner = importlib.import_module(module)
        setattr(owner, name, _timed(getattr(owner, name), part, seconds))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        flags = {"--task": "y:binary", "--members": "1", "--epochs": "3"}
        words = [word for pair in flags.items() for word in pair]
        status = fit.main(["--data", path, *words, "--quiet", "--out", f"{folder}/run"])
        seconds["all"] = time.perf_counter() - start
    if status:
        raise SystemExit(status)
    return seconds


def _timed(
    function: Callable[..., Any], part: str, seconds: dict[str, float]
) -> Callable[..., Any]:
    def timed(*values: Any, **named: Any) -> Any:
        start = time.perf_counter()
        result = function(*values, **named)
        seconds[part] = time.perf_counter() - start
        return result

    return timed


if __name__ == "__main__":
    print()
    print(json.dumps(fit_table(sys.argv[1])))
