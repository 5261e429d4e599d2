"""The heart data as a problem for the comparison of weightings."""

from __future__ import annotations

import numpy as np

from benchmarks.compared_problem import ComparedProblem
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.configuration import build_config
from keras_mtl.features import build_encoder, encode_frame, learn_features
from keras_mtl.runs import prepare_data
from keras_mtl.splits import label_strata, split_rows
from keras_mtl.training import TrainingSettings

__all__ = ["heart_tasks"]

ABOUT = """The 920 patients of the heart data have two tasks: the result of a thallium
scan (three classes, half of the labels missing) and heart disease. Each seed has its
own stratified split: 60% of the rows train, 20% choose the learning rate, 20% are the
test rows. The model is one network (trunk 32-64, heads of 16), without an ensemble.
The `error` is the sum of the two log losses."""


def heart_tasks(seeds: int) -> ComparedProblem:
    """Make the problem.

    Args:
        seeds: The number of seeds, each with its own split and weights.
    """
    data = prepare_data(build_config({}))
    strata = label_strata(data.labels)
    train, validation, test, matrices = [], [], [], []
    for seed in range(seeds):
        rest, held = split_rows(
            strata, test_fraction=0.2, seed=seed, groups=data.groups, labels=data.labels
        )
        part, chosen = split_rows(
            strata[rest],
            test_fraction=0.25,
            seed=seed,
            groups=data.groups[rest],
            labels={name: values[rest] for name, values in data.labels.items()},
        )
        # The encoder learns only from the training rows.
        features = learn_features(data.features, data.frame.iloc[rest[part]])
        matrices.append(encode_frame(build_encoder(features), features, data.frame))
        first = seed * len(data.frame)
        train.append(first + rest[part])
        validation.append(first + rest[chosen])
        test.append(first + held)
    width = max(matrix.shape[1] for matrix in matrices)
    padded = [
        np.pad(matrix, ((0, 0), (0, width - matrix.shape[1]))) for matrix in matrices
    ]
    metrics = {task.name: task.measure for task in data.tasks}

    def score(labels, outputs) -> dict[str, float]:
        found = {
            name: measure(labels[name], outputs[name])
            for name, measure in metrics.items()
        }
        return {
            "error": sum(each["log_loss"] for each in found.values()),
            **{f"{name} AUC": each["auc"] for name, each in found.items()},
        }

    return ComparedProblem(
        name="heart data",
        about=ABOUT,
        model=build_hard_sharing(width, data.tasks, trunk=(32, 64), activation="silu"),
        inputs=np.concatenate(padded).astype("float32"),
        labels={
            name: np.concatenate([values] * seeds)
            for name, values in data.labels.items()
        },
        train=train,
        validation=validation,
        test=test,
        settings=TrainingSettings(
            epochs=20, batch_size=64, schedule="cosine", weight_decay=1.0
        ),
        learning_rates=(3e-4, 1e-3, 3e-3, 1e-2),
        score=score,
    )
