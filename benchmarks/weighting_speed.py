"""What a step of each weighting costs, beside the plain sum and TorchJD.

    python -m benchmarks.weighting_speed [--torch-python PYTHON] [--out DIR]

The article's trunk (12-32-64), 32 binary tasks with heads of 16-1, a batch of
256 rows, Adam: the same work on both sides. Steps are measured as they are
used: many in one program that XLA compiles, and one by one in Keras's `fit`,
which compiles them too. Then the memory of a large trunk (4096-4096-4096, 8
tasks), each method in a process of its own.

TorchJD runs in the Python that `--torch-python` names, one with the extra
`benchmarks`; without it that column is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

METHODS = ("sum", "pcgrad", "mgda", "cagrad", "upgrad")
TASKS, ROWS, WIDTH = 32, 256, 12

# Of a step in milliseconds: the median, the least and the most.
Times = list[float]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch-python", help="a Python with torch and torchjd")
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--steps", type=int, default=20, help="of one measurement")
    parser.add_argument("--repeats", type=int, default=9, help="of each measurement")
    parser.add_argument("--out", type=Path, help="a folder for the figures as JSON")
    parser.add_argument("--no-fit", action="store_true", help="leave out Keras's fit")
    parser.add_argument("--no-memory", action="store_true", help="leave out memory")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        print(measure_memory(arguments.memory_of))
        return
    figures: dict[str, dict[str, Times]] = {"program": {}, "fit": {}, "torchjd": {}}
    if arguments.torch_python:
        figures["torchjd"] = torchjd_times(arguments)
    for name in arguments.methods:
        figures["program"][name] = program_times(name, arguments)
        if not arguments.no_fit:
            figures["fit"][name] = fit_times(name, arguments)
    memory = {}
    if not arguments.no_memory:
        memory = {name: memory_in_new_process(name) for name in arguments.methods}
    _show(arguments.methods, figures, memory)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        path = arguments.out / "weighting_speed.json"
        values = {"milliseconds": figures, "megabytes": memory}
        path.write_text(json.dumps(values, indent=1) + "\n", "utf-8")


def _model(tasks: int, trunk: tuple[int, ...], width: int):
    import keras

    from keras_mtl.architectures import build_hard_sharing
    from keras_mtl.tasks import BinaryTask

    keras.utils.set_random_seed(0)
    names = [f"task_{index}" for index in range(tasks)]
    return build_hard_sharing(
        width, [BinaryTask(name, widths=(16,)) for name in names], trunk=trunk
    )


def _data(model, rows: int, width: int):
    import numpy as np

    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(rows, width)).astype("float32")
    labels = {
        task.name: (generator.normal(size=rows) > 0).astype("float32")
        for task in model.tasks
    }
    return inputs, labels


def program_times(name: str, arguments) -> Times:
    """Measures steps that follow each other inside one compiled program."""
    import tensorflow as tf

    from keras_mtl import weighting
    from keras_mtl.training.adam import adam_update, initial_adam_state
    from keras_mtl.training.batch_step import Batch, BatchStep

    model = _model(TASKS, (32, 64), WIDTH)
    inputs, labels = _data(model, ROWS, WIDTH)
    batch = Batch(tf.constant(inputs), tf.nest.map_structure(tf.constant, labels))
    step = BatchStep(model, weighting.get(name))
    weights = [tf.convert_to_tensor(value)[None] for value in model.trainable_variables]
    state = {
        key: tf.convert_to_tensor(value)
        for key, value in step.initial_weighting_state().items()
    }

    @tf.function(jit_compile=True)
    def run(weights, adam, state):
        for _ in tf.range(arguments.steps):
            plain = [weight[0] for weight in weights]
            result = step(plain, [], batch, tf.ones(TASKS), state)
            weights, adam = adam_update(
                weights,
                [gradient[None] for gradient in result.gradients],
                adam,
                tf.fill([1], 1e-3),
                tf.zeros([1]),
                tf.ones([1]),
            )
            state = result.weighting_state
        return weights, adam, state

    values = (weights, initial_adam_state(weights, 1), state)
    values = run(*values)
    times = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        values = run(*values)
        values[0][0].numpy()
        times.append((time.perf_counter() - start) / arguments.steps * 1e3)
    return _summary(times)


def fit_times(name: str, arguments) -> Times:
    """Measures the steps of Keras's `fit`, with all it does beside."""
    import keras
    import numpy as np

    model = _model(TASKS, (32, 64), WIDTH)
    inputs, labels = _data(model, ROWS, WIDTH)
    steps = arguments.steps
    inputs = np.tile(inputs, (steps, 1))
    labels = {key: np.tile(value, steps) for key, value in labels.items()}
    model.compile(keras.optimizers.Adam(1e-3), weighting=name)
    times = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            times.append((time.perf_counter() - self.start) / steps * 1e3)

    # The first epoch compiles.
    epochs = 1 + min(arguments.repeats, 5)
    model.fit(
        inputs,
        labels,
        batch_size=ROWS,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[Watch()],
    )
    return _summary(times[1:])


def torchjd_times(arguments) -> dict[str, Times]:
    """Measures TorchJD's steps in its own Python."""
    sizes = {
        "tasks": TASKS,
        "rows": ROWS,
        "steps": arguments.steps,
        "repeats": arguments.repeats,
    }
    flags = [f"--{key}={value}" for key, value in sizes.items()]
    script = Path(__file__).with_name("torchjd_steps.py")
    ended = subprocess.run(
        [arguments.torch_python, str(script), *flags],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"{arguments.torch_python} failed:\n{ended.stderr}")
    return json.loads(ended.stdout.splitlines()[-1])["milliseconds"]


def memory_in_new_process(name: str) -> list[float]:
    """Measures in a process whose peak is that of one method."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.weighting_speed", "--memory-of", name],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ended.stdout.splitlines()[-1])


def measure_memory(name: str) -> list[float]:
    """Returns the peak before and after two steps of a large trunk, in MB."""
    import tensorflow as tf

    from keras_mtl import weighting
    from keras_mtl.training.batch_step import Batch, BatchStep

    model = _model(8, (4096, 4096, 4096), 64)
    inputs, labels = _data(model, 32, 64)
    batch = Batch(tf.constant(inputs), tf.nest.map_structure(tf.constant, labels))
    step = BatchStep(model, weighting.get(name))
    weights = [variable.value for variable in model.trainable_variables]

    @tf.function
    def run():
        values = [tf.convert_to_tensor(weight) for weight in weights]
        state = tf.nest.map_structure(tf.constant, step.initial_weighting_state())
        result = step(values, [], batch, tf.ones(8), state)
        for weight, gradient in zip(weights, result.gradients, strict=True):
            weight.assign_sub(1e-3 * gradient)

    before = _peak()
    run()
    run()
    return [before, _peak()]


def _peak() -> float:
    # Linux counts kilobytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _summary(times: list[float]) -> Times:
    return [statistics.median(times), min(times), max(times)]


def _show(methods, figures, memory) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"A step in ms, median (least): {TASKS} tasks, {ROWS} rows",
        title_justify="left",
    )
    table.add_column("method")
    for column in ("compiled", "x sum", "Keras fit", "x sum", "TorchJD", "share of it"):
        table.add_column(column, justify="right")
    for name in methods:
        cells = []
        for way in ("program", "fit"):
            cells += _times_and_ratio(figures[way].get(name), figures[way].get("sum"))
        theirs, ours = figures["torchjd"].get(name), figures["program"][name]
        cells.append(f"{theirs[0]:.2f} ({theirs[1]:.2f})" if theirs else "-")
        cells.append(f"{ours[0] / theirs[0]:.2f}" if theirs else "-")
        table.add_row(name, *cells)
    console = Console(width=110)
    console.print(table)
    if memory:
        trunk = Table(title="Peak memory in MB, trunk 4096-4096-4096, 8 tasks")
        for column in ("method", "before the step", "after", "added"):
            trunk.add_column(column, justify="right")
        for name, (before, after) in memory.items():
            cells = (f"{value:.0f}" for value in (before, after, after - before))
            trunk.add_row(name, *cells)
        console.print(trunk)


def _times_and_ratio(times: Times | None, plain: Times | None) -> list[str]:
    if not times or not plain:
        return ["-", "-"]
    return [f"{times[0]:.2f} ({times[1]:.2f})", f"{times[0] / plain[0]:.2f}"]


if __name__ == "__main__":
    main()
