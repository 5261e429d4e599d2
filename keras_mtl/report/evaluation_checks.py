"""Alerts about an evaluation: worse tasks, failed fits, bad probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_mtl.report.document import Alert
from keras_mtl.report.evaluation_facts import EvaluationFacts
from keras_mtl.report.model_checks import never_predicted_alerts
from keras_mtl.report.row_checks import leak_alerts, missing_label_alerts

__all__ = ["evaluation_alerts"]

# The largest p value and the smallest error of a relevant miscalibration.
CALIBRATION_P_VALUE = 0.01
CALIBRATION_ERROR = 0.03
FAILURES_SHOWN = 5


def evaluation_alerts(facts: EvaluationFacts) -> list[Alert]:
    """Find problems that a reader of an evaluation has to know first.

    Args:
        facts: The content of the report.

    Returns:
        The alerts, warnings first; an empty list without problems.
    """
    found = [
        *_hurt(facts),
        *_failed(facts),
        *_copies(facts),
        *leak_alerts(facts.rows, facts.row_labels, facts.tasks),
        *missing_label_alerts(facts.rows, facts.row_labels, facts.tasks),
        *never_predicted_alerts(facts.tasks, facts.labels, facts.outputs),
        *_badly_calibrated(facts),
    ]
    return sorted(found, key=lambda alert: alert.level != "warning")


def _hurt(facts: EvaluationFacts) -> list[Alert]:
    judgement = facts.judgements.get(facts.alone or "")
    return [
        Alert(
            f"Sharing hurts {judged.task}",
            f"{judged.verdict.sentence} Train this task alone, let it share with other "
            "tasks, or compare another architecture or weighting (--compare).",
            values={
                "task": judged.task,
                "metric": judged.facts.metric,
                "difference": judged.difference.mean,
                "low": judged.difference.low,
                "high": judged.difference.high,
            },
        )
        for judged in (judgement.tasks if judgement else ())
        if judged.verdict.outcome == "hurts"
    ]


def _failed(facts: EvaluationFacts) -> list[Alert]:
    if not facts.failures:
        return []
    shown = list(facts.failures[:FAILURES_SHOWN])
    more = len(facts.failures) - len(shown)
    text = " ".join(shown) + (f" And {more} more." if more else "")
    return [
        Alert(
            "Fits that failed",
            f"Their folds are not counted: {text}",
            values={"failures": list(facts.failures)},
        )
    ]


def _copies(facts: EvaluationFacts) -> list[Alert]:
    if not facts.copies:
        return []
    rows = facts.details.get("rows", 0)
    return [
        Alert(
            "Held-out rows that are copies of training rows",
            f"In the first repeat, {facts.copies} of {rows} rows have the same "
            "features as a row that their fold trains on, as the groups of rows are "
            "kept together and not the copies. Predictions for them look better than "
            "those for new rows will be. Remove the copies.",
            values={"copies": facts.copies, "rows": rows},
        )
    ]


def _badly_calibrated(facts: EvaluationFacts) -> list[Alert]:
    found = [
        each
        for each in facts.calibration
        if each["model"] == facts.model and _is_bad(each)
    ]
    if not found:
        return []
    named = ", ".join(
        f"{each['task']} ({each['value']:.3f}, of which {each['bias']:.3f} is expected "
        "by chance)"
        for each in found
    )
    return [
        Alert(
            "Probabilities that are not calibrated",
            "The calibration error of the multi-task network, the mean distance of "
            f"observed shares from predicted probabilities, is beyond chance: {named}. "
            "Use these probabilities to rank rows, not as shares.",
            values={"tasks": [dict(each) for each in found]},
        )
    ]


def _is_bad(error: Mapping[str, Any]) -> bool:
    return (
        error["p_value"] < CALIBRATION_P_VALUE
        and error["value"] - error["bias"] >= CALIBRATION_ERROR
    )
