"""Kernel models: against linear ones, scikit-learn's, and their limits."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.kernel_ridge import KernelRidge

from keras_mtl.errors import UserError
from keras_mtl.kernels import KernelModel, fit_kernel, shared_covariance
from keras_mtl.kernels.kernel_basis import support_count
from keras_mtl.linear import LinearTask, MeanRegularised, fit_linear

ROWS = 150


def make_tasks(generator, features):
    signal = features @ [1.0, -1.0, 0.5, 0.0]
    signal -= signal.mean()
    labels = (
        ("squared", (signal + generator.normal(size=ROWS))[:, None]),
        ("logistic", (signal + generator.normal(size=ROWS) > 0)[:, None] * 1.0),
        ("softmax", np.eye(3)[np.digitize(signal, [-1.0, 1.0])]),
    )
    tasks = []
    for loss, columns in labels:
        # Each task lacks the labels of rows of its own.
        known = (generator.random(ROWS) > 0.3) * 1.0
        labels_here = np.where(known[:, None] > 0, columns, 0.0)
        tasks.append(LinearTask(loss, labels_here, known / known.sum()))
    return tasks


@pytest.fixture
def problem():
    generator = np.random.default_rng(0)
    features = generator.normal(size=(ROWS, 4)) * [1.0, 5.0, 0.2, 1.0] + 3.0
    return features, make_tasks(generator, features)


def answers(scores):
    return np.hstack([scores[:, :2], softmax(scores[:, 2:], axis=1)])


def test_a_linear_kernel_is_the_mean_regularised_model(problem):
    features, tasks = problem
    pull, ridge, outputs = 0.3, 0.05, 5
    linear = fit_linear(
        features, tasks, MeanRegularised(ridge=ridge), pull, tolerance=1e-9
    )
    found = fit_kernel(
        features,
        tasks,
        "linear",
        strength=pull + ridge,
        # 1 / mu = strength / (outputs ridge).
        task_covariance=np.eye(outputs) + pull / ridge / outputs,
    )
    expected = features @ linear.weights + linear.intercepts
    np.testing.assert_allclose(
        answers(found.scores(features)), answers(expected), atol=1e-6
    )


@pytest.mark.parametrize("kind", ["linear", "rbf"])
def test_one_task_without_intercept_is_kernel_ridge(kind):
    generator = np.random.default_rng(1)
    features = generator.normal(size=(60, 3))
    labels = np.sin(features.sum(axis=1))
    task = LinearTask("squared", labels[:, None], np.full(60, 1 / 60))
    found = fit_kernel(features, [task], kind, 1e-3, length_scale=1.5, intercept=False)
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    gamma = {"gamma": 0.5 / 1.5**2} if kind == "rbf" else {}
    ridge = KernelRidge(kernel=kind, alpha=60 * 1e-3, **gamma).fit(standard, labels)
    np.testing.assert_allclose(
        found.scores(features)[:, 0], ridge.predict(standard), atol=1e-7
    )


def test_without_sharing_each_task_is_fit_alone(problem):
    features, tasks = problem
    settings = {"strength": 0.01, "length_scale": 2.0, "sharing": 0.0}
    scores = fit_kernel(features, tasks, **settings).scores(features)
    first = 0
    for task in tasks:
        alone = fit_kernel(features, [task], **settings).scores(features)
        here = scores[:, first : first + task.outputs]
        np.testing.assert_allclose(alone, here, atol=1e-6)
        first += task.outputs


def test_full_sharing_is_one_pooled_function():
    generator = np.random.default_rng(2)
    features = generator.normal(size=(60, 2))
    labels = np.sin(features[:, :1]) + 0.1 * generator.normal(size=(60, 3))
    weights = np.full(60, 1 / 60)
    tasks = [LinearTask("squared", each[:, None], weights) for each in labels.T]
    settings = {"strength": 1e-2, "length_scale": 1.0}
    shared = fit_kernel(features, tasks, sharing=1.0, **settings).scores(features)
    pooled = LinearTask("squared", labels.mean(axis=1, keepdims=True), 3 * weights)
    expected = fit_kernel(features, [pooled], **settings).scores(features)
    np.testing.assert_allclose(
        shared - shared.mean(axis=0),
        np.repeat(expected - expected.mean(), 3, axis=1),
        atol=1e-7,
    )


def test_a_task_with_few_labels_borrows_from_a_like_one():
    generator = np.random.default_rng(3)
    x = generator.uniform(-3, 3, size=(120, 1))
    truth = np.sin(2 * x)
    y = truth + 0.05 * generator.normal(size=(120, 2))
    y[6:, 1] = np.nan
    alone, together = (
        KernelModel(strength=1e-4, length_scale=0.4, sharing=sharing).fit(x, y)
        for sharing in (0.0, 0.99)
    )
    error_alone, error_together = (
        np.abs(model.predict(x)[:, 1] - truth[:, 0]).mean()
        for model in (alone, together)
    )
    assert error_together < 0.5 * error_alone


def test_few_support_rows_are_near_and_drawn_by_the_seed():
    generator = np.random.default_rng(4)
    x = generator.normal(size=(200, 2))
    y = np.sin(x[:, 0]) + x[:, 1]
    settings = {"strength": 1e-3, "length_scale": 2.0}
    exact = KernelModel(**settings).fit(x, y)
    few = KernelModel(rank=60, **settings).fit(x, y)
    assert exact.rank_ == 200
    assert few.rank_ == 60
    np.testing.assert_allclose(few.predict(x), exact.predict(x), atol=0.01)
    again = KernelModel(rank=60, **settings).fit(x, y)
    np.testing.assert_array_equal(again.predict(x), few.predict(x))


def test_cross_validation_chooses_to_share_what_is_alike():
    generator = np.random.default_rng(5)
    x = generator.normal(size=(60, 1))
    alike = np.sin(x) + 0.5 * generator.normal(size=(60, 3))
    model = KernelModel(folds=3).fit(x, alike)
    assert model.task_covariance_[0, 1] == 0.9
    assert model.choice_.losses.shape == (10, 3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"strength": -1.0}, "strength=-1.0"),
        ({"strength": 0.0}, "above 0"),
        ({"strength": float("nan")}, "strength=nan"),
        ({"length_scale": float("inf")}, "length_scale=inf"),
        ({"sharing": 1.5}, "sharing=1.5"),
        ({"rank": 0}, "rank=0"),
        ({"task_covariance": [[1.0, 2.0], [2.0, 1.0]]}, "eigenvalues from -1"),
        ({"task_covariance": np.eye(3)}, r"shape \(3, 3\)"),
    ],
)
def test_settings_that_cannot_serve_are_refused(settings, words):
    generator = np.random.default_rng(6)
    with pytest.raises(ValueError, match=words):
        KernelModel(**settings).fit(
            generator.normal(size=(8, 1)), generator.normal(size=(8, 2))
        )


def test_more_kernel_values_than_memory_say_what_to_do():
    with pytest.raises(UserError, match="rank="):
        support_count(10**7, rank=10**6)
    assert support_count(5000, None) == 5000
    assert support_count(5001, None) == 1000


def test_shared_covariance_is_the_mean_regularised_form():
    inverse_mu = 3.0
    found = shared_covariance(4, inverse_mu / (1 + inverse_mu))
    np.testing.assert_allclose(found * (1 + inverse_mu), np.eye(4) + inverse_mu)


def test_given_settings_need_no_folds():
    x = np.arange(3.0)[:, None]
    model = KernelModel(strength=1e-3, length_scale=1.0, sharing=0.0).fit(x, x)
    np.testing.assert_allclose(model.predict(x), x, atol=0.05)
