"""The multi-task Gaussian process: against scikit-learn, and what it learns."""

import numpy as np
import pytest
from sklearn.gaussian_process import (
    GaussianProcessClassifier,
    GaussianProcessRegressor,
)
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from keras_mtl.kernels import GaussianProcessModel, ProcessParameters


def one_task(signal, noise, *lengths):
    return ProcessParameters(
        np.zeros((1, 1)), np.log([signal]), np.log([noise]), np.log(lengths)
    )


def standard_rows(generator, count=40):
    x = generator.normal(size=(count, 2))
    return (x - x.mean(axis=0)) / x.std(axis=0)


@pytest.mark.parametrize("lengths", [(0.8,), (0.8, 2.0)])
def test_one_regression_is_that_of_scikit_learn(lengths):
    generator = np.random.default_rng(0)
    x = standard_rows(generator)
    y = np.sin(x[:, 0])
    y = (y - y.mean()) / y.std()
    model = GaussianProcessModel(parameters=one_task(1.5, 0.2, *lengths)).fit(x, y)
    kernel = ConstantKernel(1.5) * RBF(lengths if lengths[1:] else lengths[0])
    kernel += WhiteKernel(0.2)
    other = GaussianProcessRegressor(kernel, optimizer=None, alpha=0.0).fit(x, y)
    new = generator.normal(size=(10, 2))
    means, variances = model.predict(new, return_variance=True)
    expected, deviations = other.predict(new, return_std=True)
    np.testing.assert_allclose(means[:, 0], expected, atol=1e-9)
    np.testing.assert_allclose(variances[:, 0], deviations**2, atol=1e-9)
    likelihood = other.log_marginal_likelihood(other.kernel_.theta)
    assert model.log_marginal_likelihood_ == pytest.approx(likelihood, abs=1e-8)
    low, high = model.predict_interval(new, coverage=0.95)["0"]
    np.testing.assert_allclose(high - low, 2 * 1.959964 * deviations, rtol=1e-5)


def test_one_binary_task_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    x = standard_rows(generator)
    # As many of both classes, so that the mean before any label is zero.
    y = np.where(x[:, 0] + 0.3 * x[:, 1] > np.median(x[:, 0] + 0.3 * x[:, 1]), 1.0, 0.0)
    y[:4] = 1.0 - y[:4]
    y[np.flatnonzero(y == (y.mean() > 0.5))[: int(abs(y.sum() - 20))]] = y.mean() < 0.5
    assert y.mean() == 0.5
    model = GaussianProcessModel(parameters=one_task(2.5, 1.0, 0.8)).fit(x, {"sick": y})
    kernel = ConstantKernel(2.5) * RBF(0.8)
    other = GaussianProcessClassifier(
        kernel, optimizer=None, max_iter_predict=1000
    ).fit(x, y)
    likelihood = other.log_marginal_likelihood(other.kernel_.theta)
    assert model.log_marginal_likelihood_ == pytest.approx(likelihood, abs=1e-5)
    new = generator.normal(size=(20, 2))
    # Both approximate the mean of the logistic function, each in its way.
    np.testing.assert_allclose(
        model.predict_proba(new)["sick"], other.predict_proba(new), atol=0.01
    )


def test_it_learns_which_tasks_are_alike():
    generator = np.random.default_rng(2)
    x = generator.uniform(-3, 3, size=(50, 1))
    wave = np.sin(1.5 * x)
    other = np.cos(2.5 * x + 1)
    y = np.hstack([wave, -wave, other]) + 0.05 * generator.normal(size=(50, 3))
    y[12:, 1] = np.nan
    model = GaussianProcessModel(factors=2).fit(x, y)
    b = model.task_covariance_
    alike = b / np.sqrt(np.outer(np.diag(b), np.diag(b)))
    assert alike[0, 1] < -0.9
    assert abs(alike[0, 2]) < 0.7
    means, variances = model.predict(x, return_variance=True)
    assert np.abs(means[:, 1] + wave[:, 0]).mean() < 0.1
    assert (variances > 0).all()


def held_out_errors(y, known, x, new, truth):
    """Returns the second task's error with the first one, and alone."""
    y = y.copy()
    y[known:, 1] = np.nan
    both = GaussianProcessModel().fit(x, y).predict(new)[:, 1]
    alone = GaussianProcessModel().fit(x[:known], y[:known, 1]).predict(new)[:, 0]
    return [float(((each - truth) ** 2).mean()) for each in (both, alone)]


def test_a_task_with_few_labels_borrows_and_an_unrelated_one_is_not_hurt():
    generator = np.random.default_rng(3)
    x, new = generator.uniform(-3, 3, size=(60, 1)), np.linspace(-3, 3, 50)[:, None]
    noise = 0.1 * generator.normal(size=(60, 2))
    alike = np.hstack([np.sin(2 * x), 3 * np.sin(2 * x)]) + noise
    together, alone = held_out_errors(alike, 8, x, new, 3 * np.sin(2 * new[:, 0]))
    assert together < 0.3 * alone
    unlike = np.hstack([np.sin(2 * x), np.cos(1.3 * x)]) + noise
    together, alone = held_out_errors(unlike, 30, x, new, np.cos(1.3 * new[:, 0]))
    assert together < alone + 0.02


def test_tasks_of_all_kinds_share_one_process():
    generator = np.random.default_rng(4)
    x = generator.uniform(-2, 2, size=(80, 2))
    wave = np.sin(2 * x[:, 0])
    kind = np.array(["low", "mid", "high"], object)[np.digitize(wave, [-0.4, 0.4])]
    sick = np.where(wave + 0.3 * generator.normal(size=80) > 0, "yes", "no")
    sick = sick.astype(object)
    sick[::3] = None
    y = {"cost": 50 + 10 * wave, "sick": sick, "kind": kind}
    model = GaussianProcessModel(iterations=15).fit(x, y)
    assert model.output_names_ == [
        "cost",
        "sick",
        *(f"kind[{k}]" for k in sorted(set(kind))),
    ]
    answers, chances = model.predict(x), model.predict_proba(x)
    assert (answers["kind"] == kind).mean() > 0.9
    assert (answers["sick"] == np.where(wave > 0, "yes", "no")).mean() > 0.8
    assert np.abs(answers["cost"] - y["cost"]).max() < 3
    for each in chances.values():
        np.testing.assert_allclose(each.sum(axis=1), 1.0)
    assert np.isnan(model.noise_[1:]).all()
    # Far from all rows no class is sure.
    far = model.predict_proba([[100.0, 100.0]])
    assert max(far["kind"].max(), far["sick"].max()) < 0.7


def test_the_shortest_length_is_that_of_the_feature_that_matters():
    generator = np.random.default_rng(5)
    x = generator.normal(size=(80, 3))
    y = np.sin(2 * x[:, 1]) + 0.1 * generator.normal(size=80)
    model = GaussianProcessModel(automatic_relevance=True).fit(x, y)
    assert model.length_scales_.argmin() == 1
    assert np.delete(model.length_scales_, 1).min() > 3 * model.length_scales_[1]


def test_the_variance_is_larger_far_from_the_rows():
    x = np.linspace(-1, 1, 20)[:, None]
    model = GaussianProcessModel().fit(x, {"wave": np.sin(3 * x[:, 0])})
    _, variances = model.predict([[0.0], [30.0]], return_variance=True)
    assert variances["wave"][1] > 10 * variances["wave"][0]


def test_constant_and_copied_columns_are_no_obstacle():
    generator = np.random.default_rng(6)
    x = generator.normal(size=(30, 1))
    x = np.hstack([x, x, np.ones((30, 1))])
    model = GaussianProcessModel(iterations=20).fit(x, np.sin(x[:, 0]))
    assert np.abs(model.predict(x)[:, 0] - np.sin(x[:, 0])).max() < 0.2


@pytest.mark.parametrize("name", ["factors", "iterations", "rank"])
def test_settings_that_cannot_serve_are_refused(name):
    with pytest.raises(ValueError, match=f"{name}=0"):
        GaussianProcessModel(**{name: 0}).fit(np.eye(3), np.eye(3))


def test_parameters_of_another_shape_and_coverages_of_none_are_refused():
    with pytest.raises(ValueError, match="of 2 outputs"):
        GaussianProcessModel(parameters=one_task(1.0, 1.0, 1.0)).fit(
            np.eye(3), np.eye(3)[:, :2]
        )
    model = GaussianProcessModel(parameters=one_task(1.0, 1.0, 1.0))
    model.fit(np.eye(3), np.arange(3.0))
    with pytest.raises(ValueError, match="coverage=2"):
        model.predict_interval(np.eye(3), coverage=2)


def test_intervals_of_few_labels_hold_about_what_they_state():
    held = []
    for seed in range(8):
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(12, 2))
        y = np.sin(x[:, 0]) + x[:, 1] + 0.7 * generator.normal(size=12)
        model = GaussianProcessModel(iterations=30).fit(x, y)
        new = generator.normal(size=(300, 2))
        truth = np.sin(new[:, 0]) + new[:, 1] + 0.7 * generator.normal(size=300)
        low, high = model.predict_interval(new, coverage=0.9)["0"]
        held.append(np.mean((low < truth) & (truth < high)))
    # Without the uncertainty of the noise they hold 81 in a hundred.
    assert 0.84 < np.mean(held) < 0.95
