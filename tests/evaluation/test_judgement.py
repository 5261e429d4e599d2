"""Judgements over several tasks."""

import numpy as np
import pytest

from keras_mtl.evaluation import (
    MetricFacts,
    compare_paired,
    holm,
    judge_tasks,
    overall_gain,
    rows_to_detect,
)

FACTS = {
    "heart": MetricFacts("auc", "max", 1.0, 0.5, 0.01),
    "cost": MetricFacts("mae", "min", 0.0, 40.0, 0.4),
}
ROWS = {"heart": 900, "cost": 400, "visits": 50}


def draw(seed=0, splits=10):
    generator = np.random.default_rng(seed)
    reference = {
        "heart": generator.normal(0.8, 0.02, splits),
        "cost": generator.normal(20, 1, splits),
    }
    values = {
        "heart": reference["heart"] + generator.normal(0.03, 0.01, splits),
        "cost": reference["cost"] + generator.normal(0.5, 2, splits),
    }
    return values, reference


def test_each_number_is_that_of_its_own_function():
    values, reference = draw()
    judged = judge_tasks(FACTS, values, reference, ROWS, test_share=0.2)
    heart = compare_paired(values["heart"] - reference["heart"], 0.2, 0.01)
    cost = compare_paired(reference["cost"] - values["cost"], 0.2, 0.4)
    adjusted = holm([heart.p_value, cost.p_value])
    first, second = judged.tasks
    assert first.difference == heart.adjust(adjusted[0])
    assert second.difference == cost.adjust(adjusted[1])
    assert first.verdict.outcome == "helps"
    assert second.rows_needed == rows_to_detect(cost, 400, tests=2)
    gains = [
        (values["heart"] - reference["heart"]) / 0.5,
        (reference["cost"] - values["cost"]) / 40,
    ]
    np.testing.assert_allclose(first.gain.values, gains[0])
    assert judged.scale == "skill"
    assert judged.overall.mean == pytest.approx(overall_gain(gains, 0.2).mean)


def test_a_tasks_own_equivalence_and_chance_come_first():
    values, reference = draw()
    judged = judge_tasks(
        FACTS,
        values,
        reference,
        ROWS,
        test_share=0.2,
        equivalence={"heart": 0.1},
        chance={"heart": np.full(10, 0.6)},
    )
    assert judged.tasks[0].verdict.outcome == "no difference"
    assert judged.tasks[1].difference.equivalence == 0.4
    gain = (values["heart"] - reference["heart"]) / 0.4
    np.testing.assert_allclose(judged.tasks[0].gain.values, gain)


def test_an_extensions_metric_is_judged_without_a_chance_value():
    facts = {"visits": MetricFacts("deviance", "min", None, None, None)}
    reference = {"visits": np.array([1.0, 1.2, 1.1])}
    values = {"visits": np.array([0.9, 1.0, 1.0])}
    judged = judge_tasks(facts, values, reference, ROWS, test_share=0.3)
    (task,) = judged.tasks
    assert task.difference.equivalence == pytest.approx(0.011)
    assert (task.gain.scale, judged.scale) == ("relative", "relative")
    assert judged.overall.mean == pytest.approx(np.mean([0.1, 0.2 / 1.2, 0.1 / 1.1]))


def test_gains_of_different_scales_are_not_averaged():
    values, reference = draw(splits=3)
    facts = {**FACTS, "visits": MetricFacts("deviance", "min", None, None, None)}
    values["visits"], reference["visits"] = np.full(3, 0.5), np.full(3, 1.0)
    judged = judge_tasks(facts, values, reference, ROWS, test_share=0.3)
    alone = judge_tasks(FACTS, values, reference, ROWS, test_share=0.3)
    assert judged.overall.mean == alone.overall.mean
    assert judged.scale == "skill"


def test_a_metric_without_a_scale_has_no_overall_gain():
    facts = {"visits": MetricFacts("explained", "max", None, None, None)}
    values, reference = {"visits": [0.5, 0.6]}, {"visits": [0.4, 0.4]}
    judged = judge_tasks(facts, values, reference, ROWS, test_share=0.5)
    assert judged.scale is None
    assert np.isnan(judged.overall.mean)
    assert judged.tasks[0].difference.mean == pytest.approx(0.15)


def test_a_failed_split_is_said_in_the_verdict():
    values, reference = draw()
    values["heart"][3] = np.nan
    judged = judge_tasks(FACTS, values, reference, ROWS, test_share=0.2)
    assert judged.tasks[0].difference.failed == 1
    assert "1 of 10 splits failed" in judged.tasks[0].verdict.sentence
    assert judged.overall.failed == 1
