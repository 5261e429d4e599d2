"""Report section on a solved architecture: weights, clusters, path of strengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from keras_mtl.architectures.solved import Solution
from keras_mtl.report.document import Block, KeyValues, Section, Table
from keras_mtl.report.page_figures import PageFigures
from keras_mtl.report.solution_drawings import (
    covariance_drawing,
    length_drawing,
    path_drawing,
)

__all__ = ["solution_section"]

# The largest number of columns of a readable table; weights.csv has all columns.
MOST_OUTPUTS = 24
MOST_FEATURES = 300


def solution_section(solution: Solution | None, figures: PageFigures) -> list[Section]:
    """Build the section on a solution.

    Args:
        solution: The solution; None for a trained architecture.
        figures: The figures of the page.

    Returns:
        A list of one section, or an empty list.
    """
    if solution is None:
        return []
    facts: dict[str, Any] = dict(solution.facts)
    clusters = facts.pop("clusters", None)
    variances = facts.pop("variances", None)
    lengths = facts.pop("length_scales", None)
    noise = facts.pop("noise", None)
    if solution.shrinkage is not None:
        facts.pop("shrinkage", None)
    blocks: list[Block] = [
        KeyValues({name.replace("_", " "): each for name, each in facts.items()})
    ]
    if isinstance(clusters, Mapping):
        rows = sorted(clusters.items(), key=lambda item: item[1])
        blocks.append(Table("Clusters of the tasks", ("output", "cluster"), rows))
    if solution.shrinkage is not None:
        blocks.append(_shrinkage_table(solution, solution.shrinkage))
    if isinstance(noise, Mapping):
        title = "Noise of the labels, in parts of their variance"
        blocks.append(Table(title, ("output", "noise"), [*noise.items()]))
    drawing = path_drawing(solution)
    if drawing is not None:
        values = {name: each.tolist() for name, each in solution.path.items()}
        blocks.append(figures.draw(drawing, values))
    if isinstance(variances, Mapping):
        blocks.append(_variance_table(variances))
    if isinstance(lengths, Mapping):
        blocks += _lengths(solution, lengths, figures)
    if solution.task_covariance is not None:
        drawing = covariance_drawing(solution)
        if drawing is not None:
            blocks.append(figures.draw(drawing))
        blocks.append(_covariance_table(solution, solution.task_covariance))
    if not solution.features:
        return [Section("Kernel", blocks)]
    sizes = np.abs(solution.weights).max(axis=1)
    order = np.argsort(-sizes, kind="stable")[:MOST_FEATURES]
    outputs = solution.outputs[:MOST_OUTPUTS]
    blocks.append(
        Table(
            "Weights of the features in standard units, the largest first",
            ("feature", *outputs),
            [
                (
                    solution.features[feature],
                    *[
                        # Only a weight of exactly zero is shown as zero.
                        float(f"{weight:.3g}")
                        for weight in solution.weights[feature, : len(outputs)]
                    ],
                )
                for feature in order
            ],
        )
    )
    if solution.prior:
        blocks.append(_prior_table(solution, order))
    return [Section("Weights", blocks)]


def _shrinkage_table(solution: Solution, shrinkage: np.ndarray) -> Table:
    names = solution.outputs[:MOST_OUTPUTS]
    return Table(
        "How far the weights of each output are shrunk to the mean of the tasks, from "
        "0 (its own labels alone) to 1 (the mean)",
        ("output", "mean of the features", "least", "most"),
        [
            (
                name,
                *[float(f"{each:.3g}") for each in (row.mean(), row.min(), row.max())],
            )
            for name, row in zip(names, shrinkage.T, strict=False)
        ],
    )


def _prior_table(solution: Solution, order: np.ndarray) -> Table:
    columns = [np.asarray(each)[order] for each in solution.prior.values()]
    return Table(
        "The Gaussians that the weights are drawn from",
        ("feature", *[name.replace("_", " ") for name in solution.prior]),
        [
            (solution.features[feature], *[float(f"{each:.3g}") for each in row])
            for feature, *row in zip(order, *columns, strict=True)
        ],
    )


def _covariance_table(solution: Solution, covariance: np.ndarray) -> Table:
    names = solution.outputs[:MOST_OUTPUTS]
    return Table(
        "Similarity of the outputs under the kernel (B)",
        ("output", *names),
        [
            (name, *[float(f"{each:.3g}") for each in row[: len(names)]])
            for name, row in zip(names, covariance, strict=False)
        ],
    )


def _variance_table(variances: Mapping[str, Mapping[str, float]]) -> Table:
    return Table(
        "Where the variance of each output comes from: what it shares with others, "
        "its own function, and the noise of a number, in units of the variance of "
        "the labels; of a class in those of its score",
        ("output", "shared", "own", "noise"),
        [
            (
                name,
                *[
                    float(f"{each[part]:.3g}") if part in each else None
                    for part in ("shared", "own", "noise")
                ],
            )
            for name, each in variances.items()
        ],
    )


def _lengths(
    solution: Solution, lengths: Mapping[str, float], figures: PageFigures
) -> list[Block]:
    """Show the length scales; a feature with a shorter one matters more."""
    drawing = length_drawing(solution)
    order = sorted(lengths, key=lambda name: lengths[name])[:MOST_FEATURES]
    return [
        *([] if drawing is None else [figures.draw(drawing)]),
        Table(
            "Length scales of the features in standard units, the shortest first: the "
            "shorter, the more a feature matters",
            ("feature", "length scale"),
            [(name, float(f"{lengths[name]:.3g}")) for name in order],
        ),
    ]
