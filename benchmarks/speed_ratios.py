"""Ratios of the speed of this package to peers, each with its aim.

A comparison measures all its ways in turns in one process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.article_rows import make_rows, training_rows, validation_rows
from benchmarks.check_flags import is_installed
from benchmarks.side_by_side import Milliseconds, side_by_side

__all__ = ["COMPARISONS", "KERAS", "OURS", "PYTORCH", "Comparison", "measure"]

OURS, MEMBERS = "keras_mtl fit", "keras_mtl fit_members"
ONE_GROUP = "keras_mtl fit_members, groups=1"
OURS_XLA = "keras_mtl fit, jit_compile=True"
JAX, PYTORCH = "JAX loop", "PyTorch loop"
KERAS, KERAS_CALLS = "plain Keras fit", "plain Keras, one call per epoch"
WITH, WITHOUT = "keras_mtl fit, dropout 0.2", "keras_mtl fit, no dropout"
STEP, PRODUCTS = "keras_mtl fit", "the heads' products"

BATCH_SIZE = 32
EPOCHS = 20
# The epochs of the default preset, with which the engine makes the same choices.
MEMBER_EPOCHS = 100
MANY_MEMBERS = 128
# With this many epochs, the engine trains groups of members at the same time.
MANY_MEMBERS_EPOCHS = 300
MANY_TASKS = 256
LARGE = {"rows": 200_000, "columns": 64, "trunk": (128, 128), "batch_size": 256}
DROPOUT = 0.2

Ways = dict[str, Callable[[], Milliseconds]]


@dataclass(frozen=True)
class Comparison:
    """Comparison of a speed of this package with a peer.

    Args:
        name: The name on the command line.
        title: A description of the measurement.
        unit: The unit of work that the milliseconds are for.
        ways: A function that returns the ways by name. A way whose package is not
            installed is left out.
        ours: The name of the way of this package.
        peer: The name of the way to compare with.
        bound: The largest valid `ours / peer`, or the smallest valid `peer / ours`.
        aim: The ratio that this package aims at.
        ratio: `"time"`, where less is better, or `"speed"`, where more is better.
        packages: The packages that the peer needs.
    """

    name: str
    title: str
    unit: str
    ways: Callable[[], Ways]
    ours: str
    peer: str
    bound: float
    aim: float
    ratio: Literal["time", "speed"] = "time"
    packages: tuple[str, ...] = ()

    def ratio_of(self, times: dict[str, float]) -> float | None:
        """Return the ratio to the peer, None if the peer was not measured."""
        if self.peer not in times:
            return None
        ratio = times[self.ours] / times[self.peer]
        return ratio if self.ratio == "time" else 1 / ratio

    @property
    def fraction(self) -> str:
        """The ratio in words."""
        if self.ratio == "time":
            return f"time of {self.ours} / {self.peer}"
        return f"speed of {self.ours} / {self.peer}"

    @property
    def goal(self) -> str:
        """The bound as text."""
        return f"at {'most' if self.ratio == 'time' else 'least'} {self.bound:g}"


def measure(comparison: Comparison, rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each way, after a warm-up."""
    return side_by_side(comparison.ways(), rounds)


def _one_model() -> Ways:
    from benchmarks.keras_fits import keras_epochs, member_turns, our_epochs
    from keras_mtl.training import TrainingSettings

    rows, held_out = training_rows(), validation_rows()
    settings = TrainingSettings(epochs=MEMBER_EPOCHS, batch_size=BATCH_SIZE)
    ways: Ways = {}
    if is_installed("torch"):
        from benchmarks.pytorch_loop import pytorch_epochs

        ways[PYTORCH] = pytorch_epochs(BATCH_SIZE)
    return {
        **ways,
        KERAS: keras_epochs(BATCH_SIZE),
        KERAS_CALLS: keras_epochs(BATCH_SIZE, one_call_per_epoch=True),
        **_jax(rows, held_out),
        OURS: our_epochs(BATCH_SIZE, rows, held_out, epochs=EPOCHS),
        OURS_XLA: our_epochs(
            BATCH_SIZE, rows, held_out, epochs=EPOCHS, jit_compile=True
        ),
        MEMBERS: member_turns(settings, held_out),
    }


def _ten_members() -> Ways:
    from benchmarks.keras_fits import member_turns
    from keras_mtl.training import TrainingSettings

    rows, held_out = training_rows(), validation_rows()
    # Early stopping runs in each epoch but stops no member: all ways do equal work.
    settings = TrainingSettings(
        members=10,
        epochs=MEMBER_EPOCHS,
        batch_size=BATCH_SIZE,
        patience=MEMBER_EPOCHS,
    )
    patience = 10**6
    return {
        **_jax(rows, held_out, members=10, dropout=DROPOUT, patience=patience),
        MEMBERS: member_turns(settings, held_out, DROPOUT),
    }


def _many_members() -> Ways:
    from benchmarks.keras_fits import member_turns
    from keras_mtl.training import TrainingSettings

    settings = TrainingSettings(
        members=MANY_MEMBERS, epochs=MANY_MEMBERS_EPOCHS, batch_size=BATCH_SIZE
    )
    return {
        **_jax(training_rows(), None, members=MANY_MEMBERS),
        ONE_GROUP: member_turns(settings, groups=1),
        MEMBERS: member_turns(settings),
    }


def _large_dropout() -> Ways:
    from benchmarks.keras_fits import our_epochs

    rows = make_rows(LARGE["rows"], seed=0, width=LARGE["columns"])
    shape = {"trunk": LARGE["trunk"], "batch_size": LARGE["batch_size"]}
    ways: Ways = {}
    for name, rate in ((WITHOUT, 0.0), (WITH, DROPOUT)):
        ways[name] = our_epochs(rows=rows, dropout=rate, epochs=2, **shape)
    for name, rate in (("JAX, no dropout", 0.0), ("JAX, dropout 0.2", DROPOUT)):
        ways |= _jax(rows, None, name, epochs=2, dropout=rate, **shape)
    return ways


def _many_tasks() -> Ways:
    from benchmarks.task_fits import head_products, task_steps

    return {PRODUCTS: head_products(MANY_TASKS), STEP: task_steps(MANY_TASKS)}


def _jax(
    rows: Any, held_out: Any, name: str = JAX, epochs: int = EPOCHS, **settings: Any
) -> Ways:
    """Return the way of the JAX loop, or no way if JAX is not installed."""
    if not is_installed("jax", "optax"):
        return {}
    from benchmarks.jax_loop import JaxLoop, jax_epochs

    return {name: jax_epochs(JaxLoop(rows, held_out, **settings), epochs)}


_JAX = ("jax", "optax")
COMPARISONS = {
    comparison.name: comparison
    for comparison in (
        Comparison(
            "one-model",
            "One model, validation with both tasks' accuracy and AUC",
            "an epoch",
            _one_model,
            OURS,
            JAX,
            2,
            1.3,
            packages=_JAX,
        ),
        Comparison(
            "ten-members",
            "Ten members, dropout 0.2, validation, early stopping",
            "an epoch of all",
            _ten_members,
            MEMBERS,
            JAX,
            1.5,
            1,
            packages=_JAX,
        ),
        Comparison(
            "many-members",
            f"{MANY_MEMBERS} members",
            "an epoch of all",
            _many_members,
            MEMBERS,
            JAX,
            0.65,
            0.5,
            packages=_JAX,
        ),
        Comparison(
            "dropout",
            "200,000 rows x 64, trunk 128-128, batch 256: speed with dropout 0.2",
            "an epoch",
            _large_dropout,
            WITH,
            WITHOUT,
            0.8,
            0.9,
            "speed",
        ),
        Comparison(
            "many-tasks",
            f"{MANY_TASKS} binary tasks beside the heads' products alone",
            "a step",
            _many_tasks,
            STEP,
            PRODUCTS,
            2,
            1.5,
        ),
    )
}
