"""Hierarchical Bayes: its model answers what the estimator does, deviations too."""

import numpy as np
import pytest

from keras_mtl.architectures import SolvedRows, build_architecture
from keras_mtl.architectures.linear_settings import HierarchicalBayesSettings
from keras_mtl.linear import HierarchicalBayesModel
from keras_mtl.tasks import BinaryTask, MultilabelTask, RegressionTask


def solve(settings, tasks, x, labels):
    ones = dict.fromkeys(labels, np.ones(len(x)))
    names = [f"x{index}" for index in range(x.shape[1])]
    rows = SolvedRows(x, labels, ones, np.zeros(len(x), int), names)
    built = build_architecture("hierarchical-bayes", x.shape[1], tasks)
    return settings.solve_model(built, rows)


def make_rows(count=60):
    generator = np.random.default_rng(0)
    # Features far from 0, as years are.
    x = 2000 + 10 * generator.normal(size=(count, 3))
    score = (x - 2000) / 10
    noise = generator.normal(size=(count, 4))
    labels = {
        "sick": (score[:, 0] + noise[:, 0] > 0) * 1.0,
        "signs": (score[:, :2] + noise[:, 1:3] > 0) * 1.0,
        "cost": 50 + 8 * score[:, 0] + 2 * noise[:, 3],
        "stay": 5 + score[:, 0] - score[:, 1] + noise[:, 0],
    }
    labels["cost"][::4] = np.nan
    labels["stay"][8:] = np.nan
    return x, labels


@pytest.mark.parametrize("variance", [None, 0.0])
def test_deviations_are_those_of_the_estimator(variance):
    x, labels = make_rows()
    tasks = [
        BinaryTask("sick"),
        # Two posteriors before those of the numbers.
        MultilabelTask("signs", labels=("p", "q")),
        RegressionTask("cost").learn(labels["cost"]),
        RegressionTask("stay").learn(labels["stay"]),
    ]
    settings = HierarchicalBayesSettings(variance=variance)
    model, _ = solve(settings, tasks, x, labels)
    flat = {name: labels[name] for name in ("sick", "cost", "stay")}
    flat |= {"p": labels["signs"][:, 0], "q": labels["signs"][:, 1]}
    kinds = dict.fromkeys(("sick", "p", "q"), "binary")
    estimator = HierarchicalBayesModel(kinds, variance=variance).fit(x, flat)
    # Rows far from those that it has learned from are among them.
    rows = np.concatenate([x, 2000 + 3 * (x - 2000)])
    answers = model(rows.astype("float32"))
    means, variances = estimator.predict(rows), estimator.predict_variance(rows)
    for name in ("cost", "stay"):
        assert model.task(name).has_deviations
        found = np.asarray(answers[name])
        np.testing.assert_allclose(found[:, 0], means[name].ravel(), atol=0.02)
        expected = np.sqrt(variances[name].ravel())
        np.testing.assert_allclose(found[:, 1], expected, rtol=1e-3)
        assert found[:, 1].max() > 1.02 * found[:, 1].min()
    chances = estimator.predict_proba(rows)
    np.testing.assert_allclose(answers["sick"][:, 0], chances["sick"][:, 1], atol=1e-3)


def test_a_transformed_number_has_no_deviation():
    x, labels = make_rows()
    costs = {"cost": np.exp(labels["cost"] / 10), "stay": labels["stay"]}
    tasks = [
        RegressionTask("cost", transform="log").learn(costs["cost"]),
        RegressionTask("stay").learn(costs["stay"]),
    ]
    model, _ = solve(HierarchicalBayesSettings(), tasks, x, costs)
    answers = model(x.astype("float32"))
    assert answers["cost"].shape == (60, 1)
    assert answers["stay"].shape == (60, 2)


def test_own_intervals_hold_as_many_held_out_labels_as_they_say():
    generator = np.random.default_rng(1)
    count, tasks = 1000, 12
    x = generator.normal(size=(count, 4))
    weights = np.array([[1.0, -1.0, 0.5, 0.0]]).T
    weights = weights + 0.4 * generator.normal(size=(4, tasks))
    y = x @ weights + generator.normal(size=(count, tasks))
    # With fewer rows the noise, which the same labels determine, is too small.
    labels = {f"task_{index}": y[:60, index] for index in range(tasks)}
    made = [RegressionTask(name).learn(values) for name, values in labels.items()]
    model, _ = solve(HierarchicalBayesSettings(), made, x[:60], labels)
    answers = model(x[60:].astype("float32"))
    found = np.stack([answers[task.name] for task in made], axis=1)
    held = np.abs(found[..., 0] - y[60:]) < 1.644854 * found[..., 1]
    assert 0.87 < held.mean() < 0.92
