"""Time and peak memory of one method on one large trunk, printed as JSON.

    python -m benchmarks.large_trunk keras_mtl|torchjd METHOD

`benchmarks.weighting_speed` runs this module, in one process per method. The module
needs Linux, which reports the peak memory of a process.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path

from benchmarks.process_memory import process_memory
from benchmarks.side_by_side import seconds_of
from benchmarks.weighting_problem import Problem

__all__ = ["LARGE", "main"]

LARGE = Problem(tasks=8, rows=64, width=64, trunk=(4096, 4096))
STEPS = 3


def main() -> None:
    """Measure the method on the command line."""
    library, name = sys.argv[1:]
    if library == "torchjd":
        from benchmarks.torchjd_steps import torchjd_step

        step = torchjd_step(name, LARGE)
    else:
        step = _fit_step(name)
    before = process_memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # Resets the peak.
    step()  # Compiles.
    times = [seconds_of(step) * 1e3 for _ in range(STEPS)]
    print(
        json.dumps(
            {
                "added_megabytes": process_memory("VmHWM") - before,
                "milliseconds": statistics.median(times),
            }
        )
    )


def _fit_step(name: str):
    """Return a function that calls `fit` on one batch."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from benchmarks.weighting_steps import make_model

    model = make_model(LARGE)
    inputs, labels = LARGE.batch()
    named = {task: labels[:, index] for index, task in enumerate(LARGE.names)}
    model.compile(
        keras.optimizers.Adam(1e-3),
        weighting=name,
        metrics={task: [] for task in LARGE.names},
    )
    return lambda: model.fit(inputs, named, batch_size=LARGE.rows, verbose=0)


if __name__ == "__main__":
    main()
