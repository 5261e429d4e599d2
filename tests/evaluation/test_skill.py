"""Gains on a common scale, and the meaning of the metrics they come from."""

from typing import ClassVar

import numpy as np
import pytest

from keras_mtl.evaluation import (
    MetricFacts,
    compare_paired,
    main_metric,
    metric_facts,
    overall_gain,
    skill_score,
    task_gain,
)
from keras_mtl.tasks import BinaryTask, MulticlassTask, MultilabelTask, RegressionTask


class CountTask(RegressionTask):
    """A kind of an extension, with a metric of its own."""

    metric_directions: ClassVar = {"deviance": "min", "explained": "max"}

    def chance_outputs(self, labels):
        return None


BINARY = BinaryTask("sick", classes=("no", "yes"))


def test_skill_is_0_at_chance_and_1_at_the_best():
    assert skill_score(0.5, 0.5, 1.0) == 0
    assert skill_score(0.0, 0.69, 0.0) == 1
    assert skill_score(0.4, 0.5, 1.0) == pytest.approx(-0.2)
    assert np.isnan(skill_score(1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("task", "metric", "labels", "chance"),
    [
        (BINARY, "auc", [0, 0, 0, 1], 0.5),
        (BINARY, "accuracy", [0, 0, 0, 1, np.nan], 0.75),
        (BINARY, "balanced_accuracy", [0, 0, 0, 1], 0.5),
        (BINARY, "brier", [0, 0, 0, 1], 0.25 * 0.75),
        (BINARY, "log_loss", [0, 1], np.log(2)),
        (MulticlassTask("a", classes=("x", "y", "z")), "accuracy", [0, 1, 1, 2], 0.5),
        (
            MulticlassTask("a", classes=("x", "y", "z")),
            "balanced_accuracy",
            [0, 1, 1, 2],
            1 / 3,
        ),
        (RegressionTask("age"), "r2", [1.0, 2.0, 6.0], 0.0),
        (RegressionTask("age"), "mse", [1.0, 3.0, np.nan], 1.0),
    ],
)
def test_chance_is_what_a_constant_prediction_reaches(task, metric, labels, chance):
    facts = metric_facts(task, metric, np.asarray(labels, "float32"))
    assert facts.chance == pytest.approx(chance)


def test_chance_of_several_labels():
    task = MultilabelTask("signs", labels=("fever", "cough"))
    labels = np.array([[0, 1], [1, np.nan], [0, 1]], "float32")
    facts = metric_facts(task, "accuracy", labels)
    assert facts.chance == pytest.approx((2 / 3 + 1) / 2)
    assert metric_facts(task, "accuracy", labels * np.nan).chance is None


def test_chance_is_learned_from_the_training_labels_alone():
    train, test = np.array([0.0, 0.0, 0.0, 1.0]), np.array([1.0, 1.0, 1.0, 0.0])
    assert metric_facts(BINARY, "accuracy", train, test).chance == 0.25


def test_the_equivalence_is_in_the_metrics_own_unit():
    labels = np.array([100.0, 300.0])
    assert metric_facts(RegressionTask("dose"), "r2", labels).equivalence == 0.01
    assert metric_facts(RegressionTask("dose"), "mae", labels).equivalence == 1.0
    assert metric_facts(RegressionTask("dose"), "mae").equivalence is None


def test_a_metric_without_a_direction_is_refused():
    with pytest.raises(ValueError, match="rows"):
        metric_facts(BINARY, "rows")


def test_an_extensions_metric_needs_no_chance_value():
    task = CountTask("visits")
    labels = np.array([1.0, 2.0])
    assert main_metric(task) == "deviance"
    facts = metric_facts(task, "deviance", labels)
    assert (facts.direction, facts.chance, facts.best) == ("min", None, None)
    gain = task_gain([0.9, 1.0], [1.0, 1.0], facts)
    assert gain.scale == "relative"
    np.testing.assert_allclose(gain.values, [0.1, 0])
    # A ratio of what may be 0 or less means nothing.
    assert task_gain([0.9, 1.0], [0.0, 1.0], facts).scale is None
    explained = metric_facts(task, "explained", labels)
    assert task_gain([0.9, 1.0], [0.5, 0.5], explained).scale is None


def test_gains_of_both_directions_are_above_0_where_the_model_is_better():
    auc = MetricFacts("auc", "max", 1.0, 0.5, 0.01)
    brier = MetricFacts("brier", "min", 0.0, 0.25, 0.0025)
    assert (task_gain([0.8], [0.7], auc).values > 0).all()
    np.testing.assert_allclose(task_gain([0.15], [0.20], brier).values, [0.2])
    by_split = task_gain([0.8, 0.8], [0.7, 0.7], auc, chance=[0.5, 0.6])
    np.testing.assert_allclose(by_split.values, [0.2, 0.25])


def test_the_overall_gain_is_that_of_the_means_over_the_tasks():
    gains = np.random.default_rng(0).normal(0.1, 0.1, (3, 10))
    found = overall_gain(gains, 0.2)
    means = compare_paired(gains.mean(axis=0), 0.2, 0.01)
    assert (found.mean, found.low, found.high) == (means.mean, means.low, means.high)
    without = overall_gain([*gains, np.full(10, np.nan)], 0.2)
    assert without.mean == found.mean
    gains[0, 3] = np.nan
    assert overall_gain(gains, 0.2).failed == 1
    assert np.isnan(overall_gain([[np.nan, np.nan]], 0.2).mean)
