"""The jobs of `benchmarks.large_data`, each in its own process.

The last line that a job prints is its result, as JSON.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["alone", "fit", "speed"]

# Stages of the command, by the module that calls a function and the function's name.
STAGES = {
    ("keras_mtl.tables._csv_file", "scan_structure"): "check the structure",
    ("keras_mtl.runs.prepare", "read_rows"): "read (with that check)",
    ("keras_mtl.runs.prepare", "choose_features"): "find the kinds of columns",
    ("keras_mtl.runs.prepare", "member_rows"): "choose validation rows",
    ("keras_mtl.runs.fit_run", "prepare_data"): "prepare (all so far, and the split)",
    ("keras_mtl.runs.train", "learn_features"): "learn the encoder",
    ("keras_mtl.runs.train", "encode_parts"): "encode",
    ("keras_mtl.runs.train", "fit_members"): "train",
    ("keras_mtl.runs.train", "unit_activity"): "look for idle units",
    ("keras_mtl.runs.train", "predict_matrix"): "answer all rows",
}
# These load TensorFlow, which the command does later.
AFTER_TENSORFLOW = ("keras_mtl.runs.train",)


def alone() -> int:
    """Return the peak memory in bytes of a process with only TensorFlow."""
    import keras
    import tensorflow as tf

    keras.layers.Dense(1)(tf.ones((1, 1)))
    return _peak()


def fit(arguments: list[str]) -> dict[str, Any]:
    """Run the command, and measure its stages.

    Args:
        arguments: The flags of the command.
    """
    from keras_mtl import fit as command

    stages: list[tuple[str, float, int]] = []
    matrix = 0

    def measured(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            nonlocal matrix
            start = time.perf_counter()
            result = function(*values, **named)
            stages.append((what, time.perf_counter() - start, _peak()))
            if function.__name__ == "encode_parts":
                matrix = named["out"].nbytes
            return result

        return call

    def measure(early: bool) -> None:
        for (module, name), what in STAGES.items():
            if (module not in AFTER_TENSORFLOW) == early:
                owner = importlib.import_module(module)
                setattr(owner, name, measured(what, getattr(owner, name)))

    from keras_mtl.runs.terminal import Terminal

    loading = Terminal.loading

    @contextlib.contextmanager
    def loading_measured(self: Terminal) -> Iterator[None]:
        with loading(self):
            measure(early=False)
            yield

    Terminal.loading = loading_measured  # type: ignore[method-assign]
    measure(early=True)
    start = time.perf_counter()
    status = command.main(arguments)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(status)
    return {"stages": stages, "seconds": seconds, "peak": _peak(), "matrix": matrix}


def speed(
    file: str, flags: list[str], batch_sizes: list[int], rounds: int
) -> dict[str, dict[int, float]]:
    """Encode the rows of a file, and train on them in turns with plain Keras.

    Args:
        file: A CSV file.
        flags: The flags of the fit.
        batch_sizes: See `rows_a_second`.
        rounds: See `rows_a_second`.
    """
    from benchmarks.large_speed import rows_a_second
    from keras_mtl.engine.shared_arrays import aligned_array
    from keras_mtl.features import build_encoder, encode_frame, learn_features
    from keras_mtl.runs.prepare import prepare_data

    data = prepare_data(_config(file, flags))
    rows = data.train_rows
    features = learn_features(data.features, data.rows, rows)
    encoder = build_encoder(features)
    matrix = aligned_array((len(data.rows), encoder.output_shape[-1]))
    encode_frame(encoder, features, data.rows, out=matrix)
    data.release_rows()
    tasks = [task.learn(data.labels[task.name][rows]) for task in data.tasks]
    return rows_a_second(tasks, matrix, data.labels, batch_sizes, rounds)


def _config(file: str, flags: list[str]) -> Any:
    from keras_mtl.configuration.flag_values import nest_flags
    from keras_mtl.configuration.validate import build_config

    tasks = [flags[i + 1] for i, flag in enumerate(flags) if flag == "--task"]
    return build_config(nest_flags({"data.path": file, "tasks": tasks}, {}, []))


def _peak() -> int:
    """Return the peak memory of this process, in bytes."""
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    job, settings = sys.argv[1:]
    found = {"alone": alone, "fit": fit, "speed": speed}[job](**json.loads(settings))
    print()
    print(json.dumps(found))
