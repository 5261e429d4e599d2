"""Gains from auxiliary tasks of each kind on the embedded heart data.

    python -m benchmarks.auxiliary [--only hint,smoothed] [--folds 5] [--repeats 2]
        [--members 2] [--epochs 100] [--label-share 1]

For each kind, the default network is compared with and without the auxiliary tasks, on
the same folds and with the same inputs, like in `python -m keras_mtl.evaluate`. A third
network has the weighting `gradient-similarity`, which drops an auxiliary task while its
gradient opposes the others. With `--label-share 0.1` each predicted task in turn keeps
a tenth of its training labels, and the other tasks keep all labels.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import whole_number
from keras_mtl.comparison import ComparisonSettings
from keras_mtl.comparison.candidates import Candidate, choose_candidates
from keras_mtl.comparison.folds import Fold, make_folds
from keras_mtl.comparison.kept_labels import KeptLabels
from keras_mtl.configuration import build_config
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.evaluation import Judgement, judge_tasks, main_metric, metric_facts
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.prepared_data import PreparedData

__all__ = ["CASES", "FLAGS", "Case", "main"]

SUMMARY = "Compares the heart data's network with and without auxiliary tasks."
GATE = "gradient-similarity"
WITH, WITHOUT = "multi-task", "without auxiliary tasks"


@dataclass(frozen=True)
class Case:
    """Auxiliary tasks on the heart data.

    Attributes:
        about: A description of the auxiliary tasks.
        auxiliary: The settings of the auxiliary tasks, `[[auxiliary]]`.
        model: The settings of the network, with and without auxiliary tasks.
    """

    about: str
    auxiliary: list[dict[str, Any]]
    model: Mapping[str, Any] = field(default_factory=dict)


CASES = {
    "hint": Case(
        "whether 85% of the pulse that an age lets expect was reached",
        [{"kind": "hint", "name": "near", "expression": "thalach >= 0.85*(220 - age)"}],
    ),
    "moved": Case(
        "the cholesterol, no longer an input",
        [{"kind": "hint", "name": "fat", "expression": "chol"}],
    ),
    "hindsight": Case(
        "the exercise test: thalach, exang, oldpeak, slope, no longer inputs",
        [
            {
                "kind": "hindsight",
                "name": "exercise",
                "columns": ["thalach", "exang", "oldpeak", "slope"],
            }
        ],
    ),
    "smoothed": Case(
        "num from 0 to 4 beside heart = num > 0, by its thresholds",
        [{"kind": "smoothed", "name": "grade", "column": "num"}],
    ),
    "missing-pattern": Case(
        "whether thal, the label of a task, was recorded",
        [{"kind": "missing-pattern", "name": "recorded", "columns": ["thal"]}],
    ),
    "reconstruction": Case(
        "all numeric inputs, of which training hides a tenth",
        [{"kind": "reconstruction", "name": "inputs"}],
        {"input_dropout": 0.1},
    ),
}
FLAGS = (
    Flag("--only", "only", "Run these cases alone.", form="list", metavar="A,B"),
    Flag("--folds", "folds", "Divide the rows into this many folds.", metavar="N"),
    Flag("--repeats", "repeats", "Divide the rows this many times.", metavar="N"),
    Flag("--members", "members", "Average this many networks.", metavar="N"),
    Flag("--epochs", "epochs", "Train at most this many epochs.", metavar="N"),
    Flag(
        "--label-share",
        "share",
        "Keep this share of a predicted task's training labels.",
        metavar="X",
    ),
)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.auxiliary", SUMMARY, FLAGS, _compare, argv=argv
    )


def _compare(values: dict[str, Any], errors: list[str]) -> None:
    numbers = {
        name: whole_number(f"--{name}", values.get(name, default), errors)
        for name, default in (
            ("folds", 5),
            ("repeats", 2),
            ("members", 2),
            ("epochs", 100),
        )
    }
    share = _share(values.get("share", 1), errors)
    chosen = values.get("only", list(CASES))
    errors += [
        f"--only: expected the name of a case; received {name!r}."
        f"{did_you_mean(name, CASES)} Cases: {', '.join(CASES)}."
        for name in chosen
        if name not in CASES
    ]
    if errors:
        raise UserError(*errors)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    epochs = numbers.pop("epochs")
    settings = ComparisonSettings(**numbers, compare=(GATE,))
    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table(title=f"AUC over {settings.repeats} x {settings.folds} folds")
    for name in ("case", "task", "without", "with", "difference", "interval"):
        table.add_column(name)
    table.add_column("hurts / same / helps")
    table.add_column(f"difference by {GATE}")
    for name in chosen:
        start = time.perf_counter()
        for row in _case_rows(CASES[name], settings, epochs, share, console):
            table.add_row(name, *row)
        console.print(f"{name}: {time.perf_counter() - start:.0f} s")
    console.print(table)


def _case_rows(
    case: Case,
    settings: ComparisonSettings,
    epochs: int,
    share: float,
    console: Console,
) -> list[list[str]]:
    from keras_mtl.comparison.encoding import FoldEncoder

    config = build_config(
        {
            "auxiliary": case.auxiliary,
            "model": dict(case.model),
            "training": {"epochs": epochs},
        }
    )
    data = prepare_data(config)
    folds = make_folds(data, settings)
    encode = FoldEncoder(data)
    candidates = {
        each.name: each
        for each in choose_candidates(data.config, settings, len(data.rows))
    }
    found = {
        name: _split_metrics(candidates[name], data, folds, encode, share)
        for name in (WITH, WITHOUT, GATE)
    }
    judged = _judge(data, settings, found[WITH], found[WITHOUT])
    gated = _judge(data, settings, found[GATE], found[WITHOUT])
    rows = []
    for own, other in zip(judged.tasks, gated.tasks, strict=True):
        console.print(own.verdict.sentence)
        difference = own.difference
        rows.append(
            [
                own.task,
                f"{np.mean(found[WITHOUT][own.task]):.4f}",
                f"{np.mean(found[WITH][own.task]):.4f}",
                f"{difference.mean:+.4f}",
                f"{difference.low:+.4f} to {difference.high:+.4f}",
                f"{difference.hurts:.2f} / {difference.no_difference:.2f} / "
                f"{difference.helps:.2f}",
                f"{other.difference.mean:+.4f}",
            ]
        )
    return rows


def _split_metrics(
    candidate: Candidate,
    data: PreparedData,
    folds: list[Fold],
    encode: Any,
    share: float,
) -> dict[str, np.ndarray]:
    """Return the main metric in each split, by task."""
    from keras_mtl.comparison.networks import train_networks

    # With another name, its gradients are not measured.
    candidate = replace(candidate, name="benchmark")
    found = {}
    fits = None
    for task in data.main_tasks:
        if fits is None or share < 1:
            kept = KeptLabels(task.name, share) if share < 1 else None
            own = replace(candidate, kept=kept)
            fits = train_networks(own, own.config.tasks, folds, data, encode)
        labels, metric = data.labels[task.name], main_metric(task)
        found[task.name] = np.array(
            [
                task.measure(labels[fold.test], fit.outputs[task.name])[metric]
                for fold, fit in zip(folds, fits, strict=True)
            ]
        )
    return found


def _share(text: Any, errors: list[str]) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        errors.append(
            f"--label-share: expected a number above 0, at most 1; received {text}."
        )
    return share


def _judge(
    data: PreparedData,
    settings: ComparisonSettings,
    values: Mapping[str, np.ndarray],
    reference: Mapping[str, np.ndarray],
) -> Judgement:
    tasks = data.main_tasks
    return judge_tasks(
        {
            task.name: metric_facts(task, main_metric(task), data.labels[task.name])
            for task in tasks
        },
        values,
        reference,
        {task.name: int(np.isfinite(data.labels[task.name]).sum()) for task in tasks},
        test_share=1 / settings.folds,
        subject="Training with auxiliary tasks",
    )


if __name__ == "__main__":
    sys.exit(main())
