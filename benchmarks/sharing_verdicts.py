"""Verdicts on generated tasks with a known effect of sharing.

    python -m benchmarks.sharing_verdicts [--draws 100] [--folds 5] [--repeats 2]

Each draw is a separate table with two tasks. A network of both tasks and one network
per task are trained on the same folds, and the verdict on the first task is counted.
All draws and folds are members of one program per network. The command fails if the
verdict on a task with shuffled labels is 'helps' in more than 5 % of the draws.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.datasets import make_related_tasks, shuffle_labels
from keras_mtl.evaluation import (
    PairedDifference,
    Verdict,
    compare_paired,
    give_verdict,
    holm,
    metric_facts,
)
from keras_mtl.evaluation.verdict import Outcome
from keras_mtl.splits import fold_rows, label_strata
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import TrainingSettings, fit_members

TASKS = (
    BinaryTask("task1", classes=("0", "1")),
    BinaryTask("task2", classes=("0", "1")),
)
BOUND = 0.05
SETTINGS = TrainingSettings(
    epochs=20, batch_size=64, learning_rate=1e-2, schedule="cosine"
)


@dataclass(frozen=True)
class Scenario:
    """Two tasks with a known effect of sharing on the first task.

    Attributes:
        rows: The number of rows per draw.
        related: The correlation of the true functions.
        missing: The share of missing labels of the first task.
        shuffled: Whether the other labels of the first task are shuffled.
    """

    rows: int
    related: float
    missing: float = 0.0
    shuffled: bool = False


SCENARIOS = {
    "first task shuffled": Scenario(rows=300, related=0.5, shuffled=True),
    "unrelated": Scenario(rows=300, related=0.0),
    "the same, few labels of the first": Scenario(rows=3000, related=1.0, missing=0.8),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Count and print the verdicts; return 1 if the bound is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args(arguments)
    table = Table("tasks", *get_args(Outcome), "mean difference of the AUC")
    helped = {}
    for name, scenario in SCENARIOS.items():
        judged = judge_draws(scenario, **vars(options))
        counts = Counter(verdict.outcome for verdict, _ in judged)
        mean = np.mean([difference.mean for _, difference in judged])
        row = [str(counts[outcome]) for outcome in get_args(Outcome)]
        table.add_row(name, *row, f"{mean:.3f}")
        helped[name] = counts["helps"]
    Console(width=120).print(table)
    return int(helped["first task shuffled"] > BOUND * options.draws)


def judge_draws(
    scenario: Scenario, draws: int, folds: int = 5, repeats: int = 2
) -> list[tuple[Verdict, PairedDifference]]:
    """Return the verdict on the first task of each draw, and its difference.

    Args:
        scenario: The settings of the tables.
        draws: The number of tables.
        folds: The number of folds per repeat.
        repeats: The number of times that each table is split into folds.
    """
    frames = [_draw(scenario, seed) for seed in range(draws)]
    splits = [
        (draw, fold == parts)
        for draw, frame in enumerate(frames)
        for repeat in range(repeats)
        for parts in [_folds(frame, folds, seed=draw * repeats + repeat)]
        for fold in range(folds)
    ]
    shared = _areas(frames, splits, TASKS)
    alone = {task.name: _areas(frames, splits, [task]) for task in TASKS}
    facts = metric_facts(TASKS[0], "auc")
    judged = []
    for draw in range(draws):
        own = [index for index, split in enumerate(splits) if split[0] == draw]
        differences = [
            compare_paired(
                shared[task.name][own] - alone[task.name][task.name][own],
                test_share=1 / folds,
                equivalence=0.01,
            )
            for task in TASKS
        ]
        adjusted = holm([difference.p_value for difference in differences])
        first = differences[0].adjust(adjusted[0])
        judged.append((give_verdict("task1", facts, first), first))
    return judged


def _draw(scenario: Scenario, seed: int) -> pd.DataFrame:
    frame = make_related_tasks(
        scenario.rows, related=scenario.related, noise=0.1, seed=seed
    )
    if scenario.shuffled:
        frame = shuffle_labels(frame, "task1", seed)
    order = np.random.default_rng((seed, 9)).permutation(scenario.rows)
    frame.loc[order[: int(scenario.missing * scenario.rows)], "task1"] = pd.NA
    return frame


def _labels(frame: pd.DataFrame, task: str) -> np.ndarray:
    return frame[task].to_numpy("float32", na_value=np.nan)


def _folds(frame: pd.DataFrame, folds: int, seed: int) -> np.ndarray:
    labels = {task.name: _labels(frame, task.name) for task in TASKS}
    return fold_rows(label_strata(labels), folds=folds, seed=seed, labels=labels)


def _areas(
    frames: Sequence[pd.DataFrame],
    splits: Sequence[tuple[int, np.ndarray]],
    tasks: Sequence[BinaryTask],
) -> dict[str, np.ndarray]:
    """Train one network per split; return the AUC of each task on held-out rows.

    The AUC is from the last epoch of the training history. No epoch is chosen, so the
    held-out rows do not influence the network.
    """
    inputs = np.concatenate([frame.filter(like="x") for frame in frames])
    labels = {
        task.name: np.concatenate([_labels(frame, task.name) for frame in frames])
        for task in tasks
    }
    rows = len(frames[0])
    train = [draw * rows + np.flatnonzero(~held) for draw, held in splits]
    test = [draw * rows + np.flatnonzero(held) for draw, held in splits]
    fit = fit_members(
        build_hard_sharing(inputs.shape[1], list(tasks), trunk=(32, 8)),
        inputs.astype("float32"),
        labels,
        SETTINGS,
        rows=train,
        validation_rows=test,
    )
    return {task.name: fit.history[f"val_{task.name}_auc"][-1] for task in tasks}


if __name__ == "__main__":
    sys.exit(main())
