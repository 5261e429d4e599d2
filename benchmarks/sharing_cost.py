"""Time of a step of architectures: many experts, and many tasks.

    python -m benchmarks.sharing_cost [--rounds 7]

Epochs of `fit`, compiled by XLA, are measured in turns in one process: 2048 rows of 32
columns in batches of 256, the default trunk 32-64, Adam. Experts are stacked, so 16
experts are one batched product. The aims: 16 experts take at most 4 times the step of
one expert, and MMoE with 64 tasks and 8 experts at most 3 times the step of hard
sharing.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import whole_number
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError

__all__ = ["FLAGS", "main"]

SUMMARY = (
    "Measures the steps of experts and of many tasks beside those of hard sharing."
)
FLAGS = (Flag("--rounds", "rounds", "The turns that each of them gets.", metavar="N"),)
ROWS, WIDTH, BATCH = 2048, 32, 256
EXPERTS = (1, 4, 16)
# The ways by number of tasks; the first way is the reference.
WAYS = {
    2: [f"mmoe:experts={experts},gate_dropout=0" for experts in EXPERTS],
    64: [
        "hard-sharing",
        "single-task",
        "soft-sharing",
        "cross-stitch",
        "mmoe:experts=8",
        "mmoe:experts=8,gate_dropout=0",
        "cgc",
        "ple",
        "dselect-k",
        "mtan",
    ],
}


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.sharing_cost", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], errors: list[str]) -> None:
    rounds = whole_number("--rounds", values.get("rounds", 7), errors)
    if errors:
        raise UserError(*errors)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    table = Table("tasks", "architecture", "ms per step", "ratio", "parameters")
    for tasks, ways in WAYS.items():
        fits = [_Fit(way, tasks) for way in ways]
        times: list[list[float]] = [[] for _ in fits]
        for _ in range(rounds):
            for fit, own in zip(fits, times, strict=True):
                own.append(fit.step())
        first = times[0]
        for fit, own in zip(fits, times, strict=True):
            # Ratios within a turn, because the machine may be slower in another turn.
            pairs = zip(own, first, strict=True)
            table.add_row(
                str(tasks),
                fit.way,
                f"{1000 * statistics.median(own):.2f}",
                f"{statistics.median(a / b for a, b in pairs):.2f}",
                str(fit.parameters),
            )
    console.print(table)


class _Fit:
    """A compiled fit whose epochs are measured."""

    def __init__(self, way: str, tasks: int) -> None:
        import keras
        import numpy as np

        from keras_mtl.architectures import ArchitectureSettings, build_architecture
        from keras_mtl.tasks import BinaryTask

        self.way = way
        generator = np.random.default_rng(0)
        self._inputs = generator.normal(size=(ROWS, WIDTH)).astype("float32")
        names = [f"task{index}" for index in range(tasks)]
        self._labels = {
            name: (self._inputs[:, index % WIDTH] > 0).astype("float32")
            for index, name in enumerate(names)
        }
        keras.utils.set_random_seed(0)
        common = ArchitectureSettings()
        self._model = build_architecture(
            way, WIDTH, [BinaryTask(name, widths=(16,)) for name in names], common
        )
        self.parameters = self._model.count_params()
        self._model.compile("adam", jit_compile=True)
        self._epochs(1)

    def step(self) -> float:
        """Return the seconds of one step."""
        start = time.perf_counter()
        self._epochs(2)
        return (time.perf_counter() - start) / (2 * ROWS / BATCH)

    def _epochs(self, epochs: int) -> None:
        self._model.fit(
            self._inputs, self._labels, batch_size=BATCH, epochs=epochs, verbose=0
        )


if __name__ == "__main__":
    sys.exit(main())
