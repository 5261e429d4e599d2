"""Metrics of subgroups."""

from typing import ClassVar

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from keras_mtl.evaluation import (
    auc_interval,
    band_names,
    proportion_interval,
    subgroup_metrics,
)
from keras_mtl.tasks import BinaryTask, MulticlassTask, MultilabelTask, RegressionTask

SICK = BinaryTask("sick", classes=("no", "yes"))


def draw(rows=300, seed=0):
    generator = np.random.default_rng(seed)
    labels = (generator.random(rows) < 0.4).astype("float32")
    outputs = 1 / (1 + np.exp(-generator.normal(2 * labels - 1, 1.5)))
    groups = generator.choice(["f", "m", "x"], rows, p=[0.6, 0.3, 0.1])
    return labels, outputs, groups


def test_values_are_those_of_the_groups_rows():
    labels, outputs, groups = draw()
    labels[:20] = np.nan
    found = subgroup_metrics(SICK, labels, outputs, groups, ["auc", "accuracy"])
    assert [(f.metric, f.group) for f in found] == [
        (metric, group) for metric in ("auc", "accuracy") for group in "fmx"
    ]
    inside = (groups == "m") & ~np.isnan(labels)
    auc = metrics.roc_auc_score(labels[inside], outputs[inside])
    others = (groups != "m") & ~np.isnan(labels)
    assert found[1].value == pytest.approx(auc)
    assert found[1].rows == inside.sum()
    rest = metrics.roc_auc_score(labels[others], outputs[others])
    assert found[1].difference == pytest.approx(auc - rest)
    positives = int(labels[inside].sum())
    negatives = int(inside.sum()) - positives
    assert found[1].interval == pytest.approx(auc_interval(auc, positives, negatives))
    hits = np.sum((outputs[inside] >= 0.5) == labels[inside])
    expected = proportion_interval(hits, inside.sum())
    assert found[4].interval == pytest.approx(tuple(map(float, expected)))


def test_the_interval_of_a_mean_is_that_of_students_t():
    generator = np.random.default_rng(0)
    labels = generator.normal(size=15)
    found, _ = subgroup_metrics(
        RegressionTask("age"), labels, np.zeros(15), [0] * 12 + [1] * 3, ["mae"]
    )
    errors = np.abs(labels[:12])
    expected = stats.t.interval(0.95, 11, errors.mean(), stats.sem(errors))
    assert found.interval == pytest.approx(expected)
    assert (found.group, found.rows) == ("0", 12)


@pytest.mark.parametrize("metric", ["brier", "balanced_accuracy", "auc"])
def test_intervals_cover_as_often_as_promised(metric):
    task = MulticlassTask("stage", classes=("a", "b", "c"))
    generator = np.random.default_rng(0)

    def rows(count):
        logits = generator.normal(size=(count, 3))
        labels = np.argmax(logits + generator.gumbel(size=(count, 3)), axis=1)
        return labels.astype(float), np.exp(logits) / np.exp(logits).sum(1)[:, None]

    truth = task.measure(*rows(200_000))[metric]
    covered = []
    for _ in range(120):
        labels, outputs = rows(90)
        one, _ = subgroup_metrics(
            task, labels, outputs, np.arange(90) >= 80, metrics=[metric]
        )
        covered.append(one.interval[0] <= truth <= one.interval[1])
    assert 0.88 <= np.mean(covered) <= 0.99


def test_the_interval_of_no_difference_covers_zero():
    covered = []
    for seed in range(200):
        labels, outputs, groups = draw(150, seed)
        for found in subgroup_metrics(SICK, labels, outputs, groups):
            low, high = found.difference_interval
            covered.append(low <= 0 <= high)
    assert np.mean(covered) > 0.93


def test_a_group_that_does_not_define_a_metric_is_shown_without_it():
    labels = np.array([1.0, 1.0, 0.0, 1.0, 0.0])
    found = subgroup_metrics(SICK, labels, labels * 0.9, ["a", "a", "b", "b", "b"])
    assert found[0].rows == 2
    assert np.isnan([found[0].value, *found[0].interval]).all()
    assert found[1].value == 1
    assert 0 < found[1].interval[0] < 1


def test_missing_groups_are_a_group_and_missing_labels_are_no_rows():
    labels = np.array([1.0, 0.0, np.nan, 1.0, 0.0])
    groups = np.array([1.0, 1.0, 2.0, np.nan, np.nan])
    found = subgroup_metrics(SICK, labels, np.full(5, 0.7), groups, ["accuracy"])
    assert [(f.group, f.rows) for f in found] == [("1", 2), ("missing", 2)]


def test_one_group_has_no_other_rows_to_differ_from():
    labels = np.array([1.0, 0.0])
    (found,) = subgroup_metrics(SICK, labels, labels, ["a", "a"], ["accuracy"])
    assert found.value == 1
    assert np.isnan([found.difference, *found.difference_interval]).all()


def test_several_labels_and_an_extensions_kind_are_measured():
    class CountTask(RegressionTask):
        metric_directions: ClassVar = {"deviance": "min"}

        def measure(self, labels, outputs):
            return {"deviance": float(np.mean((labels - outputs) ** 2))}

    groups = [0] * 10 + [1] * 10
    count, _ = subgroup_metrics(CountTask("n"), np.arange(20.0), np.zeros(20), groups)
    assert count.value == pytest.approx(28.5)
    assert count.interval[0] < 28.5 < count.interval[1]
    task = MultilabelTask("signs", labels=("a", "b"))
    labels = np.random.default_rng(0).integers(0, 2, (20, 2)).astype(float)
    outputs = 0.2 + 0.6 * labels
    outputs[:3] = 1 - outputs[:3]
    signs, _ = subgroup_metrics(task, labels, outputs, groups)
    assert signs.interval[0] < signs.value <= signs.interval[1] <= 1


def test_bands_have_names_and_edges_must_ascend():
    bands = band_names([39.9, 40, np.nan], [40])
    assert bands.tolist() == ["below 40", "40 and above", None]
    for edges in ([], [60, 40], [40, 40], [np.nan]):
        with pytest.raises(ValueError, match="edges"):
            band_names([1.0], edges)


def test_what_does_not_match_is_refused():
    with pytest.raises(ValueError, match="rows"):
        subgroup_metrics(SICK, np.zeros(2), np.zeros(2), ["a"])
    with pytest.raises(ValueError, match="metric='r2'"):
        subgroup_metrics(SICK, np.zeros(2), np.zeros(2), ["a", "a"], ["r2"])
