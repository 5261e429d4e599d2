"""The default recipe beside the article's net and classical models.

    python -m benchmarks.default_recipe [--repeats 5] [--seed 300] [--out DIR]

Repeated stratified 5-fold cross-validation over all 920 rows and 12 features
of the heart data. Every method sees the same folds; imputation, scales and
vocabularies are learned from each fold's training rows alone. The networks of
all folds are trained together, as members of one program a recipe.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.configuration import build_config
from keras_mtl.features import (
    build_encoder,
    encode_frame,
    learn_features,
)
from keras_mtl.runs import MemberRows, PreparedData, member_rows, prepare_data
from keras_mtl.splits import fold_rows, label_strata
from keras_mtl.training import fit_members

FOLDS = 5
CLASSICAL = {
    "logistic regression": lambda: LogisticRegression(max_iter=5000),
    "random forest": lambda: RandomForestClassifier(
        500, min_samples_leaf=1, n_jobs=-1, random_state=0
    ),
}
MEASURES = ("auc", "accuracy", "balanced_accuracy", "log_loss")

Scores = dict[str, list[dict[str, float]]]


def main() -> None:
    """Runs the comparison and prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=300, help="of the first folds")
    parser.add_argument("--out", type=Path, help="a folder for the figures as JSON")
    arguments = parser.parse_args()
    scores = compare(arguments.repeats, arguments.seed)
    Console(width=110).print(*_tables(scores, arguments.repeats))
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        path = arguments.out / "default_recipe.json"
        path.write_text(json.dumps(scores, indent=1) + "\n", "utf-8")


def compare(repeats: int, seed: int) -> dict[str, Scores]:
    """Scores every method on every fold.

    Args:
        repeats: How often the rows are parted into folds.
        seed: Of the first parting; the others' follow.

    Returns:
        By method and task, the measures of each fold.
    """
    default = prepare_data(build_config({}))
    folds = [
        (np.flatnonzero(parts != fold), np.flatnonzero(parts == fold))
        for repeat in range(repeats)
        for parts in [_folds(default, seed + repeat)]
        for fold in range(FOLDS)
    ]
    scores = {"default": score_networks(default, folds)}
    article = prepare_data(build_config({"preset": "article"}))
    scores["article"] = score_networks(article, folds)
    for name, make in CLASSICAL.items():
        scores[name] = score_classical(default, folds, make)
    return scores


def _folds(data: PreparedData, seed: int) -> np.ndarray:
    return fold_rows(
        label_strata(data.labels),
        folds=FOLDS,
        seed=seed,
        groups=data.groups,
        labels=data.labels,
    )


def _encode(data: PreparedData, train: np.ndarray) -> np.ndarray:
    """Encodes all rows by what the training rows teach."""
    features = learn_features(data.features, data.frame.iloc[train])
    return encode_frame(build_encoder(features), features, data.frame)


def score_networks(data: PreparedData, folds) -> Scores:
    """Trains a recipe's members of all folds in one program."""
    rows = len(data.frame)
    matrices = [_encode(data, train) for train, _ in folds]
    width = max(matrix.shape[1] for matrix in matrices)
    # A flag that a fold's training rows don't need is a column of zeros there.
    stacked = np.concatenate(
        [np.pad(matrix, ((0, 0), (0, width - matrix.shape[1]))) for matrix in matrices]
    )
    labels = {
        name: np.concatenate([values] * len(folds))
        for name, values in data.labels.items()
    }
    training = data.config.training
    own = MemberRows([], [] if training.validation_fraction else None)
    for index, (train, _) in enumerate(folds):
        members = member_rows(train, data.labels, data.groups, training, seed=index)
        own.train.extend(part + index * rows for part in members.train)
        if own.validation is not None and members.validation is not None:
            own.validation.extend(part + index * rows for part in members.validation)
    model = data.config.model
    core = build_hard_sharing(
        width,
        data.tasks,
        trunk=model.trunk,
        activation=model.activation,
        dropout=model.dropout,
        input_dropout=model.input_dropout,
        batch_norm=model.batch_norm,
    )
    fit = fit_members(
        core,
        stacked,
        labels,
        training,
        rows=own.train,
        validation_rows=own.validation,
        seed=data.config.seed,
    )
    scores: Scores = {task.name: [] for task in data.tasks}
    for index, (_, test) in enumerate(folds):
        first = index * training.members
        members = fit.members[first : first + training.members]
        inputs = stacked[index * rows + test]
        outputs = [member(inputs, training=False) for member in members]
        for task in data.tasks:
            answer = np.mean([output[task.name] for output in outputs], axis=0)
            scores[task.name].append(task.measure(data.labels[task.name][test], answer))
    return scores


def score_classical(data: PreparedData, folds, make) -> Scores:
    """Trains a scikit-learn classifier for each task on one-hot columns."""
    scores: Scores = {task.name: [] for task in data.tasks}
    for train, test in folds:
        # One-hot columns, missing flags and scaled numbers, as the issue of the
        # comparison has them; a number's levels are the default recipe's own.
        features = [
            feature.replace(maximum_levels=0) if feature.kind == "numeric" else feature
            for feature in data.features
        ]
        features = learn_features(features, data.frame.iloc[train])
        matrix = encode_frame(build_encoder(features), features, data.frame)
        for task in data.tasks:
            labels = data.labels[task.name]
            known = train[~np.isnan(labels[train])]
            classifier = make().fit(matrix[known], labels[known])
            answer = classifier.predict_proba(matrix[test])
            answer = answer[:, 1:] if task.units == 1 else answer
            scores[task.name].append(task.measure(labels[test], answer))
    return scores


def _tables(scores: dict[str, Scores], repeats: int) -> list[Table]:
    """Makes a table a task: the mean and the spread over the folds."""
    tables = []
    for task in next(iter(scores.values())):
        table = Table(title=f"{task}, {repeats} x {FOLDS} folds", title_justify="left")
        table.add_column("method")
        for measure in MEASURES:
            table.add_column(measure.replace("_", " "), justify="right")
        for method, tasks in scores.items():
            frame = pd.DataFrame(tasks[task])
            cells = [
                f"{frame[name].mean():.4f} ± {frame[name].std():.3f}"
                for name in MEASURES
            ]
            table.add_row(method, *cells)
        tables.append(table)
    return tables


if __name__ == "__main__":
    main()
