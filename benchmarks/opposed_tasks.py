"""Tasks that conflict by construction, with a known best solution."""

from __future__ import annotations

import numpy as np

from benchmarks.compared_problem import ComparedProblem
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.tasks import RegressionTask
from keras_mtl.training import TrainingSettings

__all__ = ["opposed_tasks"]

ROWS, WIDTH, TRUNK = 512, 8, 2
# The scales of the tasks' labels.
SCALES = (1.0, 1.25, 1.5, 1.75)

ABOUT = """Four regressions without noise each depend on a different direction of the
input, at right angles to the others. The shared trunk is linear with two units, so it
can serve two of the four tasks, or all four by half. The share of a task's variance
that remains is 1 - |P u|^2 for the projection P on the trunk's plane and the task's
direction u. The shares of all tasks add up to at least 2 for every method; `above
front` is the excess (0 is Pareto optimal). The `worst task` keeps at least 0.5 of its
variance, if all tasks are served equally; the sum of the losses serves the two tasks
of the largest scale and leaves 1 for the others. These values are exact: only the
seeds vary."""


def opposed_tasks(seeds: int) -> ComparedProblem:
    """Make the problem.

    Args:
        seeds: The number of seeds, each with its own directions, weights and batches.
    """
    names = [f"task_{index + 1}" for index in range(len(SCALES))]
    inputs, labels = [], []
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        # Exactly white inputs, for which the closed form is exact.
        white, _ = np.linalg.qr(generator.normal(size=(ROWS, WIDTH + 1)))
        white = white - white.mean(axis=0)
        white, _ = np.linalg.qr(white)
        white = white[:, :WIDTH] * np.sqrt(ROWS)
        directions, _ = np.linalg.qr(generator.normal(size=(WIDTH, len(SCALES))))
        inputs.append(white)
        labels.append(white @ directions * SCALES)
    table = np.concatenate(labels).astype("float32")
    rows = [np.arange(seed * ROWS, (seed + 1) * ROWS) for seed in range(seeds)]
    return ComparedProblem(
        name="opposed tasks",
        about=ABOUT,
        model=build_hard_sharing(
            WIDTH,
            [RegressionTask(name) for name in names],
            trunk=(TRUNK,),
            activation="linear",
        ),
        inputs=np.concatenate(inputs).astype("float32"),
        labels={name: table[:, index] for index, name in enumerate(names)},
        train=rows,
        # The best solution is known for these rows, so no rows are held out.
        validation=rows,
        test=rows,
        settings=TrainingSettings(epochs=60, batch_size=64, schedule="cosine"),
        learning_rates=(0.02,),
        score=_score,
    )


def _score(labels, outputs) -> dict[str, float]:
    left = [
        float(np.mean((values - outputs[name][:, 0]) ** 2) / np.mean(values**2))
        for name, values in labels.items()
    ]
    # No projection, so the error also includes the scale of a head.
    least = len(SCALES) - TRUNK
    return {"worst task": max(left), "above front": sum(left) - least}
