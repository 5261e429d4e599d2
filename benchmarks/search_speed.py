"""Speed of a search over the heart data, beside plain keras-tuner.

    python -m benchmarks.search_speed [--trials 30] [--keras-trials 8] [--epochs 50]
        [--folds 3] [--at-once 8]

Both searches try random settings from the same space: the widths of two shared layers
and of two heads, the learning rate and the loss weight of one task. keras-tuner's
`RandomSearch` builds one plain Keras model per trial and trains it once with Keras's
`fit` on one validation split. The search of this package trains each trial once in each
fold, which is `--folds` times the work. All trials train all epochs. The plain search
runs `--keras-trials` trials in the same process. The rates are trials per minute. With
`--at-once` the search of this package gets this number of trials at a time, like a
search that learns from results: once with programs that are reused from batch to batch,
    and once
with new programs.
"""

from __future__ import annotations

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

SUMMARY = """Measures a search of the heart data, beside a plain keras-tuner search."""
FLAGS = (
    Flag("--trials", "trials", "The trials of our search.", metavar="N"),
    Flag("--keras-trials", "keras_trials", "The trials of the other.", metavar="N"),
    Flag("--epochs", "epochs", "The epochs of a fit.", metavar="N"),
    Flag("--folds", "folds", "The folds of our trials.", metavar="N"),
    Flag("--at-once", "at_once", "The trials of a batch; all by default.", metavar="N"),
)
WIDTHS = (16, 32, 64, 128)
HEADS = (8, 16, 32, 64)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.search_speed", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], errors: list[str]) -> None:
    defaults = {"trials": 30, "keras_trials": 8, "epochs": 50, "folds": 3}
    defaults["at_once"] = values.get("trials", defaults["trials"])
    numbers = {
        name: whole_number(
            f"--{name.replace('_', '-')}", values.get(name, default), errors
        )
        for name, default in defaults.items()
    }
    if errors:
        raise UserError(*errors)
    from keras_mtl.configuration import build_config
    from keras_mtl.runs import prepare_data

    training = {"epochs": numbers["epochs"], "patience": numbers["epochs"]}
    training["validation_fraction"] = 1 / numbers["folds"]
    config = build_config({"preset": "article", "training": training})
    data = prepare_data(config)
    # The first use of TensorFlow is not part of either search.
    _keras_search(data, 1, 1)
    keras_rate = _keras_search(data, numbers["keras_trials"], numbers["epochs"])
    several = numbers["at_once"] < numbers["trials"]
    ways = {"python -m tuning": True}
    if several:
        # The order does not matter, because no program is kept after its search.
        ways = {"python -m tuning, new programs": False, **ways}
    own = {name: _own_search(data, numbers, again) for name, again in ways.items()}
    table = Table(title="Trials per minute", title_justify="left")
    for name in ("way", "trials", "fits per trial", "trials per minute", "ratio"):
        table.add_column(name, justify="left" if name == "way" else "right")
    table.add_row(
        "keras-tuner RandomSearch, Keras fit",
        str(numbers["keras_trials"]),
        "1",
        f"{keras_rate:.1f}",
        "1.0",
    )
    for name, rate in own.items():
        table.add_row(
            name,
            str(numbers["trials"]),
            str(numbers["folds"]),
            f"{rate:.1f}",
            f"{rate / keras_rate:.1f}",
        )
    Console(width=110).print(table)


def _own_search(data: Any, numbers: dict[str, int], again: bool) -> float:
    from tuning.objective import Objective
    from tuning.search_loop import run_trials
    from tuning.search_settings import SearchSettings
    from tuning.trial_data import make_trial_data

    start = time.perf_counter()
    settings = SearchSettings(
        trials=numbers["trials"],
        folds=numbers["folds"],
        at_once=numbers["at_once"],
        trunk_widths=WIDTHS,
        head_widths=HEADS,
    )
    rows = make_trial_data(data, numbers["folds"])
    objective = Objective("val_heart_auc", "max")
    ended = run_trials(data.config, settings, objective, rows, again=again)
    seconds = time.perf_counter() - start
    assert all(trial.completed for trial in ended), ended[0].message
    return 60 * len(ended) / seconds


def _keras_search(data: Any, trials: int, epochs: int) -> float:
    """Run the search that a user of keras-tuner would write, and return its time."""
    import keras
    import keras_tuner
    import numpy as np

    from keras_mtl.features import build_encoder, encode_frame, learn_features

    rows = data.frame.iloc[data.train_rows]
    features = learn_features(data.features, rows)
    inputs = encode_frame(build_encoder(features), features, rows)
    labels = {name: data.labels[name][data.train_rows] for name in ("thal", "heart")}
    weights = {name: np.isfinite(values) * 1.0 for name, values in labels.items()}
    labels = {name: np.nan_to_num(values) for name, values in labels.items()}

    def build(hp: Any) -> Any:
        tensor = keras.Input((inputs.shape[1],))
        hidden = tensor
        for layer in (1, 2):
            width = hp.Choice(f"trunk_{layer}", list(WIDTHS))
            hidden = keras.layers.Dense(width, activation="relu")(hidden)
        outputs = {}
        for name, units, last in (("thal", 3, "softmax"), ("heart", 1, "sigmoid")):
            width = hp.Choice(f"head_{name}", list(HEADS))
            head = keras.layers.Dense(width, activation="relu")(hidden)
            outputs[name] = keras.layers.Dense(units, last, name=name)(head)
        model = keras.Model(tensor, outputs)
        model.compile(
            keras.optimizers.Adam(hp.Float("rate", 3e-4, 1e-2, sampling="log")),
            {"thal": "sparse_categorical_crossentropy", "heart": "binary_crossentropy"},
            loss_weights={
                "thal": 1.0,
                "heart": hp.Float("weight", 0.2, 5.0, sampling="log"),
            },
            weighted_metrics={"thal": ["accuracy"], "heart": ["AUC"]},
        )
        return model

    third = len(inputs) // 3
    held_out, train = slice(None, third), slice(third, None)

    def take(values: Any, part: slice) -> Any:
        return {name: each[part] for name, each in values.items()}

    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.RandomSearch(
            build,
            objective=keras_tuner.Objective("val_loss", "min"),
            max_trials=trials,
            seed=1,
            directory=folder,
        )
        start = time.perf_counter()
        tuner.search(
            inputs[train],
            take(labels, train),
            sample_weight=take(weights, train),
            validation_data=(
                inputs[held_out],
                take(labels, held_out),
                take(weights, held_out),
            ),
            epochs=epochs,
            batch_size=32,
            verbose=0,
        )
        return 60 * trials / (time.perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main())
