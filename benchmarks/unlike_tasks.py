"""Related tasks of very different scales and numbers of labels."""

from __future__ import annotations

import numpy as np

from benchmarks.compared_problem import ComparedProblem
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.tasks import BinaryTask, RegressionTask
from keras_mtl.training import TrainingSettings

__all__ = ["unlike_tasks"]

WIDTH, HIDDEN = 10, 6
TRAIN, VALIDATION, TEST = 400, 200, 1000
# Name, scale of the label, share of training rows with a label.
REGRESSIONS = (("large", 30.0, 1.0), ("middle", 1.0, 0.3), ("small", 0.03, 1.0))
BINARY = ("rare", 0.1)

ABOUT = """Three regressions and a binary task depend on the same six hidden features
of ten inputs. The labels are of sizes 30, 1 and 0.03 and are not standardized (the
commands standardize them with `RegressionTask.learn`), so the sizes of the losses are
as 1,000,000 to 1. Of 400 training rows, 100%, 30% and 100% have a label of a
regression, and 10% a label of the binary task. The `error` is the mean over the tasks
of the squared error divided by the label's variance, and of the log loss divided by
that of a constant prediction: 1 is as good as no inputs."""


def unlike_tasks(seeds: int) -> ComparedProblem:
    """Make the problem.

    Args:
        seeds: The number of seeds, each with its own true functions, rows and weights.
    """
    parts = [_rows(np.random.default_rng(seed)) for seed in range(seeds)]
    each = TRAIN + VALIDATION + TEST
    names = [name for name, *_ in REGRESSIONS] + [BINARY[0]]
    first = np.arange(seeds) * each
    tasks = [RegressionTask(name, widths=(8,)) for name, *_ in REGRESSIONS]
    return ComparedProblem(
        name="unlike tasks",
        about=ABOUT,
        model=build_hard_sharing(
            WIDTH, [*tasks, BinaryTask(BINARY[0], widths=(8,))], trunk=(32, 32)
        ),
        inputs=np.concatenate([inputs for inputs, _ in parts]).astype("float32"),
        labels={
            name: np.concatenate([labels[name] for _, labels in parts]).astype(
                "float32"
            )
            for name in names
        },
        train=[start + np.arange(TRAIN) for start in first],
        validation=[start + TRAIN + np.arange(VALIDATION) for start in first],
        test=[start + TRAIN + VALIDATION + np.arange(TEST) for start in first],
        settings=TrainingSettings(epochs=60, batch_size=50, schedule="cosine"),
        learning_rates=(3e-3, 1e-2, 3e-2, 1e-1),
        score=_score,
    )


def _rows(generator: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    count = TRAIN + VALIDATION + TEST
    inputs = generator.normal(size=(count, WIDTH))
    hidden = np.tanh(inputs @ generator.normal(size=(WIDTH, HIDDEN)) / 2)
    labels = {}
    for name, scale, share in REGRESSIONS:
        truth = _standard(hidden @ generator.normal(size=HIDDEN))
        values = scale * (truth + 0.3 * generator.normal(size=count))
        labels[name] = _hide(values, share, generator)
    logits = 3 * _standard(hidden @ generator.normal(size=HIDDEN))
    yes = (generator.random(count) < 1 / (1 + np.exp(-logits))).astype(float)
    labels[BINARY[0]] = _hide(yes, BINARY[1], generator)
    return inputs, labels


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def _hide(
    values: np.ndarray, share: float, generator: np.random.Generator
) -> np.ndarray:
    """Remove labels of training rows; the other rows keep all labels."""
    missing = generator.random(TRAIN) >= share
    values[:TRAIN][missing] = np.nan
    return values


def _score(labels, outputs) -> dict[str, float]:
    errors = {}
    for name, *_ in REGRESSIONS:
        residual = labels[name] - outputs[name][:, 0]
        errors[name] = float(np.mean(residual**2) / np.var(labels[name]))
    truth = labels[BINARY[0]]
    answer = np.clip(outputs[BINARY[0]][:, 0], 1e-6, 1 - 1e-6)
    errors[BINARY[0]] = _log_loss(truth, answer) / _log_loss(truth, truth.mean())
    return {"error": float(np.mean(list(errors.values()))), **errors}


def _log_loss(truth, answer) -> float:
    return float(-np.mean(truth * np.log(answer) + (1 - truth) * np.log(1 - answer)))
