"""Posteriors of heads are those of scikit-learn, and of sums over a grid."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct
from sklearn.linear_model import BayesianRidge, LogisticRegression

from keras_mtl.linear.posterior import head_posterior, with_bias


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    features = generator.normal(size=(20, 3))
    labels = features @ [1.0, -2.0, 0.5] + 0.7 + 0.3 * generator.normal(size=20)
    return features, labels


def test_a_regression_is_that_of_bayesian_ridge_at_the_same_precisions(rows):
    features, labels = rows
    ridge = BayesianRidge(fit_intercept=False, max_iter=1)
    design = with_bias(features)
    ridge.fit(design, labels)
    # One step leaves the precisions; the coefficients are those of the fit's.
    posterior = head_posterior(
        features,
        labels,
        np.zeros(4),
        np.eye(4) / ridge.lambda_,
        noise=1 / ridge.alpha_,
    )
    exact = np.linalg.solve(
        ridge.lambda_ * np.eye(4) + ridge.alpha_ * design.T @ design,
        ridge.alpha_ * design.T @ labels,
    )
    np.testing.assert_allclose(posterior.mean[:, 0], exact, rtol=1e-10)
    np.testing.assert_allclose(posterior.mean[:, 0], ridge.coef_, rtol=1e-6)
    np.testing.assert_allclose(posterior.covariance, ridge.sigma_, rtol=1e-6)


def test_a_regression_predicts_like_a_gaussian_process(rows):
    features, labels = rows
    # A dot product plus 1 is a linear model whose weights and bias are N(0, 1).
    process = GaussianProcessRegressor(
        DotProduct(sigma_0=1.0), alpha=0.25, optimizer=None
    )
    process.fit(features, labels)
    new = np.random.default_rng(1).normal(size=(7, 3))
    mean, deviation = process.predict(new, return_std=True)
    posterior = head_posterior(features, labels, np.zeros(4), np.eye(4), noise=0.25)
    np.testing.assert_allclose(posterior.predict(new)[:, 0], mean, rtol=1e-8)
    # The process's deviation is that of the function, without the noise.
    np.testing.assert_allclose(
        posterior.variance(new)[:, 0] - 0.25, deviation**2, rtol=1e-6
    )


def test_a_binary_head_is_the_most_probable_one(rows):
    features, values = rows
    labels = (values > 0).astype(float)
    posterior = head_posterior(features, labels, np.zeros(4), 2 * np.eye(4), "binary")
    penalized = LogisticRegression(C=2.0, fit_intercept=False, tol=1e-10)
    penalized.fit(with_bias(features), labels)
    np.testing.assert_allclose(
        posterior.mean[:, 0], penalized.coef_[0], rtol=1e-4, atol=1e-5
    )
    share = expit(posterior.predict(features)[:, 0])
    design = with_bias(features)
    curvature = design.T @ (design * (share * (1 - share))[:, None])
    np.testing.assert_allclose(
        posterior.covariance, np.linalg.inv(np.eye(4) / 2 + curvature), rtol=1e-8
    )


def test_a_multiclass_head_is_the_most_probable_one(rows):
    features, values = rows
    labels = np.digitize(values, [-1.0, 1.0]).astype(float)
    start = np.array([0.1, 0.0, -0.2, 0.3])
    posterior = head_posterior(
        features, labels, start, np.eye(4), "multiclass", classes=3
    )
    design = with_bias(features)
    errors = softmax(design @ posterior.mean, axis=1) - np.eye(3)[labels.astype(int)]
    # The slope of the log posterior is 0.
    slope = design.T @ errors + posterior.mean - start[:, None]
    np.testing.assert_allclose(slope, 0, atol=1e-6)
    assert posterior.covariance.shape == (12, 12)
    assert posterior.variance(features).shape == (20, 3)


def test_the_approximation_is_near_the_sum_over_a_grid():
    """One weight and labels enough: the posterior is nearly Gaussian."""
    generator = np.random.default_rng(2)
    features = generator.normal(size=(200, 1))
    labels = (generator.random(200) < expit(features[:, 0])).astype(float)
    spread = np.diag([1.0, 1e-12])
    posterior = head_posterior(features, labels, np.zeros(2), spread, "binary")
    grid = np.linspace(-4, 4, 4001)
    signed = np.where(labels == 1, 1, -1)[:, None] * features * grid
    log = -np.logaddexp(0, -signed).sum(axis=0) - grid**2 / 2
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean = weight @ grid
    assert abs(posterior.mean[0, 0] - mean) < 0.02
    assert posterior.covariance[0, 0] == pytest.approx(
        weight @ (grid - mean) ** 2, rel=0.05
    )


def test_a_singular_prior_keeps_to_its_range(rows):
    features, labels = rows
    direction = np.array([1.0, -2.0, 0.0, 0.0])
    for likelihood, given in (
        ("regression", labels),
        ("binary", (labels > 0).astype(float)),
    ):
        posterior = head_posterior(
            features, given, np.zeros(4), np.outer(direction, direction), likelihood
        )
        weights = posterior.mean[:, 0]
        np.testing.assert_allclose(weights[1], -2 * weights[0], rtol=1e-8)
        np.testing.assert_allclose(weights[2:], 0, atol=1e-12)


def test_rows_without_a_label_do_not_count(rows):
    features, labels = rows
    partly = labels.copy()
    partly[10:] = np.nan
    prior = np.zeros(4), np.eye(4)
    part = head_posterior(features, partly, *prior)
    np.testing.assert_array_equal(
        part.mean, head_posterior(features[:10], labels[:10], *prior).mean
    )
    with pytest.raises(ValueError, match="at least one label"):
        head_posterior(features, np.full(20, np.nan), *prior)


def test_labels_that_a_line_separates_stay_finite():
    features = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    posterior = head_posterior(
        features, [0.0, 0, 1, 1], np.zeros(2), 100 * np.eye(2), "binary"
    )
    assert np.isfinite(posterior.mean).all()
    assert posterior.mean[0, 0] > 1
