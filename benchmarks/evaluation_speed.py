"""Time of an evaluation of the heart data, beside a loop of Keras's `fit`.

    python -m benchmarks.evaluation_speed [--folds 5] [--repeats 4] [--members 4]
        [--keras-fits 6]

The whole command runs in its own process: five kinds of networks and three models of
scikit-learn. The loop has only the multi-task and the single-task networks of the same
widths. A few of its fits run, with early stopping and the same settings. The time of
all fits is estimated as their mean times the number of fits, which the table reports.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import whole_number
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError

__all__ = ["FLAGS", "main"]

SUMMARY = """Measures an evaluation of the heart data, beside Keras's fit in a loop."""
FLAGS = (
    Flag("--folds", "folds", "The folds of a repeat.", metavar="N"),
    Flag("--repeats", "repeats", "The repeats.", metavar="N"),
    Flag("--members", "members", "The networks of a fold.", metavar="N"),
    Flag("--keras-fits", "keras_fits", "The fits of the loop to run.", metavar="N"),
)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.evaluation_speed", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], errors: list[str]) -> None:
    numbers = {
        name: whole_number(
            f"--{name.replace('_', '-')}", values.get(name, default), errors
        )
        for name, default in (
            ("folds", 5),
            ("repeats", 4),
            ("members", 4),
            ("keras_fits", 6),
        )
    }
    if errors:
        raise UserError(*errors)
    seconds = _evaluate(numbers)
    each = _keras_fit_seconds(numbers["keras_fits"])
    fits = numbers["folds"] * numbers["repeats"] * numbers["members"] * 3
    table = Table(title="Evaluation of the heart data", title_justify="left")
    table.add_column("way")
    table.add_column("networks", justify="right")
    table.add_column("seconds", justify="right")
    table.add_row(
        "python -m keras_mtl.evaluate, from command to table", "all", f"{seconds:.0f}"
    )
    table.add_row(
        f"Keras's fit in a loop, from the mean of {numbers['keras_fits']}",
        f"{fits}",
        f"{each * fits:.0f}",
    )
    Console(width=110).print(table)


def _evaluate(numbers: dict[str, int]) -> float:
    flags = [f"--{name}={numbers[name]}" for name in ("folds", "repeats", "members")]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(
            [
                sys.executable,
                "-m",
                "keras_mtl.evaluate",
                "--quiet",
                f"--out={folder}/evaluation",
                *flags,
            ],
            check=True,
        )
        return time.perf_counter() - start


def _keras_fit_seconds(fits: int) -> float:
    """Return the mean time of a network's `fit` in plain Keras, in seconds."""
    import keras

    from keras_mtl.configuration import build_config
    from keras_mtl.features import build_encoder, encode_frame, learn_features
    from keras_mtl.runs import prepare_data

    data = prepare_data(build_config({}))
    rows = data.frame.iloc[data.train_rows]
    features = learn_features(data.features, rows)
    inputs = encode_frame(build_encoder(features), features, rows)
    labels = data.labels["heart"][data.train_rows]
    seconds = 0.0
    for seed in range(fits):
        keras.utils.set_random_seed(seed)
        start = time.perf_counter()
        model = _keras_model(inputs.shape[1], keras)
        model.fit(
            inputs,
            labels,
            batch_size=64,
            epochs=100,
            validation_split=0.2,
            callbacks=[
                keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True)
            ],
            verbose=0,
        )
        seconds += time.perf_counter() - start
    return seconds / fits


def _keras_model(width: int, keras: Any) -> Any:
    """Build the network of the default preset in plain Keras, for heart disease."""
    tensor = keras.Input((width,))
    hidden = tensor
    for units in (32, 64):
        hidden = keras.layers.Dense(units, activation="silu")(hidden)
        hidden = keras.layers.Dropout(0.2)(hidden)
    hidden = keras.layers.Dense(16, activation="silu")(hidden)
    model = keras.Model(tensor, keras.layers.Dense(1, activation="sigmoid")(hidden))
    model.compile(keras.optimizers.AdamW(1e-3, weight_decay=1.0), "binary_crossentropy")
    return model


if __name__ == "__main__":
    sys.exit(main())
