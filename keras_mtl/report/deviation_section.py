"""Report section on the coverage of predicted intervals, on held-out rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from keras_mtl.report.document import Block, Paragraph, Section, Table
from keras_mtl.tasks import Task

__all__ = ["deviation_section"]

LEVELS = (0.5, 0.8, 0.9, 0.95)
MIDDLE = 0.9


def deviation_section(
    tasks: Sequence[Task],
    labels: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
) -> list[Section]:
    """Compare the nominal coverage of a model's own intervals with the observed one.

    Args:
        tasks: The tasks.
        labels: The held-out rows' encoded labels by task name.
        outputs: The model's outputs for these rows by task name.

    Returns:
        One section; an empty list if no task's outputs have standard deviations.
    """
    rows = []
    for task in tasks:
        rule = task.prediction_set_rule()
        if rule is None or rule.own_quantile(MIDDLE) is None:
            continue
        truth, given = labels[task.name], outputs[task.name]
        known = np.isfinite(rule.scores(truth, given))
        if not known.any():
            continue
        quantiles = [rule.own_quantile(level) or 0.0 for level in LEVELS]
        sizes = rule.sizes(given, rule.own_quantile(MIDDLE) or 0.0)
        held = [
            float(rule.holds(truth[known], given[known], each).mean())
            for each in quantiles
        ]
        ends = np.quantile(sizes, [0.1, 0.5, 0.9])
        rows.append(
            (
                task.name,
                int(known.sum()),
                *[float(f"{each:.3g}") for each in ends],
                *[round(each, 3) for each in held],
            )
        )
    if not rows:
        return []
    shares = [f"held at {level:.0%}" for level in LEVELS]
    blocks: list[Block] = [
        Paragraph(
            "The model predicts a variance for each row. Where it is right, an "
            "interval with a coverage of 90% holds 90% of the labels: fewer mean that "
            "the model is too sure, more that it is not sure enough."
        ),
        Table(
            "Widths of the intervals with a coverage of 90%, of a tenth, half and nine "
            "tenths of the held-out rows at most, and the share of labels in intervals "
            "with several coverages",
            ("task", "labels", "narrow", "median", "wide", *shares),
            rows,
        ),
    ]
    return [Section("Predictive variances", blocks)]
