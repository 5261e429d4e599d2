"""Comparison of training on a trained trunk and from scratch, with few labels.

    python -m benchmarks.transfer [--seeds 10] [--labels 20] [--first-seed 1000]
        [--out FILE]

The problems are generated tasks whose functions have a given correlation, and the heart
data, where each of three tasks is the new task in turn. All ways see the same rows. The
networks are single networks, not ensembles, of equal widths, and train with the same
settings except for the trunk.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from benchmarks.check_flags import whole_number
from benchmarks.transfer_problems import (
    HEART_TASKS,
    TransferProblem,
    heart_task,
    related_task,
)
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError
from keras_mtl.metrics import binary_metrics
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import (
    MemberFit,
    Pretrained,
    TrainingSettings,
    fit_members,
    layer_values,
)
from keras_mtl.transfer.closed_form_head import member_posterior
from keras_mtl.transfer.new_heads import build_on_trunk
from keras_mtl.transfer.prior import HeadLabels
from keras_mtl.transfer.trunk import copy_trunk

__all__ = ["FLAGS", "compare", "main"]

SUMMARY = __doc__.partition("\n\n")[0]
FLAGS = (
    Flag("--seeds", "seeds", "The splits; by default 10.", metavar="N"),
    Flag("--labels", "labels", "The new task's labels; by default 20.", metavar="N"),
    Flag(
        "--first-seed",
        "first_seed",
        "The first seed of the rows; by default 1000, as settings were chosen on "
        "lower ones.",
        metavar="N",
    ),
    Flag("--out", "out", "Write all figures to this JSON file.", metavar="FILE"),
)
TRUNK, ACTIVATION, DROPOUT = (32, 64), "silu", 0.2
RELATED = (0.9, 0.5, 0.0)
# The settings for the tasks with many labels and for the new task: defaults of `fit`.
SOURCE = TrainingSettings(
    epochs=100, batch_size=64, weight_decay=1.0, patience=10, validation_fraction=0.2
)
FEW = TrainingSettings(epochs=100, batch_size=16, weight_decay=1.0)
FROZEN_EPOCHS = 50
WIDTHS = (16,)
ANEW = "network from the beginning"

# The probabilities of the test rows of each seed, by the name of a way.
Probabilities = dict[str, list[np.ndarray]]


def main(argv: list[str] | None = None) -> int:
    """Run the comparison and return its exit status."""
    return run_command("python -m benchmarks.transfer", SUMMARY, FLAGS, _run, argv=argv)


def _run(values: dict[str, Any], errors: list[str]) -> None:
    seeds = whole_number("--seeds", values.get("seeds", 10), errors, least=2)
    labels = whole_number("--labels", values.get("labels", 20), errors, least=8)
    first = whole_number(
        "--first-seed", values.get("first_seed", 1000), errors, least=0
    )
    if errors:
        raise UserError(*errors)
    console = Console(width=110)
    figures = {}
    makers: list[Callable[[], TransferProblem]] = [
        *(
            lambda r=related: related_task(seeds, labels, r, first)
            for related in RELATED
        ),
        *(
            lambda new=name: heart_task(seeds, labels, new, first)
            for name in HEART_TASKS
        ),
    ]
    for make in makers:
        problem = make()
        print(problem.name, file=sys.stderr, flush=True)
        scores = compare(problem)
        figures[problem.name] = scores
        console.print(_table(problem, scores))
    if "out" in values:
        Path(values["out"]).write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def compare(problem: TransferProblem) -> dict[str, dict[str, list[float]]]:
    """Predict the new task in all ways.

    Args:
        problem: The problem.

    Returns:
        The value of each seed, by way and metric.
    """
    found = _probabilities(problem)
    scores: dict[str, dict[str, list[float]]] = {}
    for way, by_seed in found.items():
        measured = [
            binary_metrics(problem.labels[problem.new][rows], probabilities)
            for rows, probabilities in zip(problem.test, by_seed, strict=True)
        ]
        scores[way] = {
            name: [each[name] for each in measured] for name in ("log_loss", "auc")
        }
    return scores


def _probabilities(problem: TransferProblem) -> Probabilities:
    width = problem.inputs.shape[1]
    new = BinaryTask(problem.new, widths=WIDTHS)
    sources = [BinaryTask(name, widths=WIDTHS) for name in problem.sources]
    own = {problem.new: problem.labels[problem.new]}

    def build(tasks: list[BinaryTask]) -> Any:
        return build_hard_sharing(
            width, tasks, trunk=TRUNK, activation=ACTIVATION, dropout=DROPOUT
        )

    cuts = [
        int((1 - SOURCE.validation_fraction) * len(each)) for each in problem.source
    ]
    # The members of one program are the seeds.
    trained = fit_members(
        build(sources),
        problem.inputs,
        {name: problem.labels[name] for name in problem.sources},
        SOURCE,
        rows=[each[:cut] for each, cut in zip(problem.source, cuts, strict=True)],
        validation_rows=[
            each[cut:] for each, cut in zip(problem.source, cuts, strict=True)
        ],
    )
    trunks = [copy_trunk(member) for member in trained.members]
    values = [layer_values(trunk) for trunk in trunks]
    core = build_on_trunk(trunks[0], [new], activation=ACTIVATION)

    def transferred(frozen_epochs: int) -> MemberFit:
        pretrained = Pretrained("trunk", values, frozen_epochs, rate=0.1)
        return fit_members(
            core, problem.inputs, own, FEW, rows=problem.few, pretrained=pretrained
        )

    anew = fit_members(build([new]), problem.inputs, own, FEW, rows=problem.few)
    found = {
        ANEW: _of_members(problem, anew),
        "trunk frozen": _of_members(problem, transferred(FEW.epochs)),
        "trunk frozen, then a tenth": _of_members(problem, transferred(FROZEN_EPOCHS)),
    }
    found["trunk, Bayesian head"] = [
        _closed_form(problem, trunk, seed) for seed, trunk in enumerate(trunks)
    ]
    found["logistic regression"] = [
        _logistic(problem, seed) for seed in range(len(problem.few))
    ]
    return found


def _of_members(problem: TransferProblem, fit: MemberFit) -> list[np.ndarray]:
    return [
        np.asarray(member(problem.inputs[rows], training=False)[problem.new])[:, 0]
        for member, rows in zip(fit.members, problem.test, strict=True)
    ]


def _closed_form(problem: TransferProblem, trunk: Any, seed: int) -> np.ndarray:
    def features(rows: np.ndarray) -> np.ndarray:
        return np.asarray(trunk(problem.inputs[rows], training=False))

    few, source = problem.few[seed], problem.source[seed]
    _, posterior = member_posterior(
        features(few),
        HeadLabels(problem.labels[problem.new][few], "binary"),
        features(source),
        [
            HeadLabels(problem.labels[name][source], "binary")
            for name in problem.sources
        ],
    )
    logits = posterior.predict(features(problem.test[seed]))[:, 0]
    probabilities: np.ndarray = 1 / (1 + np.exp(-logits))
    return probabilities


def _logistic(problem: TransferProblem, seed: int) -> np.ndarray:
    """Return the probabilities of a logistic regression without a trunk."""
    few = problem.few[seed]
    model = GridSearchCV(
        LogisticRegression(max_iter=1000),
        {"C": np.logspace(-3, 1, 9)},
        cv=4,
        scoring="neg_log_loss",
    )
    model.fit(problem.inputs[few], problem.labels[problem.new][few])
    probabilities: np.ndarray = model.predict_proba(problem.inputs[problem.test[seed]])
    return probabilities[:, 1]


def _table(
    problem: TransferProblem, scores: dict[str, dict[str, list[float]]]
) -> Table:
    labels = len(problem.few[0])
    table = Table(title=f"{problem.name}, {labels} labels", title_justify="left")
    for name in ("way", "log loss", "AUC", "AUC - from the beginning", "seeds won"):
        table.add_column(name, justify="left" if name == "way" else "right")
    base = np.array(scores[ANEW]["auc"])
    for way, figures in scores.items():
        difference = np.array(figures["auc"]) - base
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        won = f"{int(np.sum(difference > 0))} of {len(difference)}"
        apart = f"{difference.mean():+.3f} ± {error:.3f}"
        table.add_row(
            way,
            f"{np.mean(figures['log_loss']):.3f}",
            f"{np.mean(figures['auc']):.3f}",
            *(("", "") if way == ANEW else (apart, won)),
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
