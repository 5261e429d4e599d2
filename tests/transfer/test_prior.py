"""EM finds the mean and the covariance that heads' weights were drawn with."""

import numpy as np
import pytest
from scipy.special import expit

from keras_mtl.transfer import fit_head_prior
from keras_mtl.transfer.prior import HeadLabels

MEAN = np.array([1.0, -1.0, 0.5])
COVARIANCE = np.array([[0.5, 0.3, 0.0], [0.3, 0.4, 0.0], [0.0, 0.0, 0.05]])


def made_tasks(count, rows, noise=0.3, binary=False, seed=0):
    """Tasks whose weights, the bias last, are drawn from N(MEAN, COVARIANCE)."""
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(rows, 2))
    weights = generator.multivariate_normal(MEAN, COVARIANCE, size=count)
    logits = features @ weights[:, :2].T + weights[:, 2]
    if binary:
        labels = (generator.random(logits.shape) < expit(logits)).astype(float)
        tasks = [HeadLabels(column, "binary") for column in labels.T]
    else:
        labels = logits + noise * generator.normal(size=logits.shape)
        tasks = [HeadLabels(column) for column in labels.T]
    return features, tasks, weights


def test_em_finds_the_prior_of_regressions():
    features, tasks, weights = made_tasks(count=300, rows=40)
    prior = fit_head_prior(features, tasks, further_tasks=0)
    # As well as the drawn weights themselves would tell.
    np.testing.assert_allclose(prior.mean, weights.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(prior.covariance, np.cov(weights.T), atol=0.02)
    np.testing.assert_allclose(prior.covariance, COVARIANCE, atol=0.1)
    assert prior.noise == pytest.approx(0.09, rel=0.05)


def test_em_finds_the_prior_of_binary_tasks():
    features, tasks, weights = made_tasks(count=200, rows=200, binary=True)
    prior = fit_head_prior(features, tasks, further_tasks=0)
    np.testing.assert_allclose(prior.mean, weights.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(prior.covariance, np.cov(weights.T), atol=0.15)


def test_em_raises_the_likelihood_of_the_labels():
    """The known closed form: labels of a task are N(design @ m, ...)."""
    features, tasks, _ = made_tasks(count=20, rows=15)
    design = np.concatenate([features, np.ones((15, 1))], axis=1)

    def log_likelihood(prior):
        spread = design @ prior.covariance @ design.T + prior.noise * np.eye(15)
        _, size = np.linalg.slogdet(spread)
        apart = [task.labels - design @ prior.mean for task in tasks]
        return sum(
            -0.5 * (size + each @ np.linalg.solve(spread, each)) for each in apart
        )

    found = log_likelihood(fit_head_prior(features, tasks, further_tasks=0))
    pulled = log_likelihood(fit_head_prior(features, tasks, further_tasks=20))
    equal = log_likelihood(fit_head_prior(features, tasks, further_tasks=np.inf))
    assert found > pulled > equal


def test_a_new_task_with_few_labels_gains_from_the_prior():
    features, tasks, _ = made_tasks(count=100, rows=60)
    prior = fit_head_prior(features, tasks)
    new_features, new, new_weights = made_tasks(count=50, rows=3, seed=9)
    flat = fit_head_prior(new_features, new[:1], further_tasks=np.inf)

    def error(prior):
        return np.mean(
            [
                (prior.posterior(new_features, task).mean[:, 0] - weights) ** 2
                for task, weights in zip(new, new_weights, strict=True)
            ]
        )

    assert error(prior) < 0.5 * error(flat)


def test_the_scale_of_features_changes_no_prediction():
    features, tasks, _ = made_tasks(count=6, rows=30)
    scaled = features * [1000.0, 0.01] + [5.0, -3.0]
    new = HeadLabels(tasks[0].labels[:4])
    one = fit_head_prior(features, tasks).posterior(features[:4], new)
    other = fit_head_prior(scaled, tasks).posterior(scaled[:4], new)
    np.testing.assert_allclose(
        one.predict(features), other.predict(scaled), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        one.variance(features), other.variance(scaled), rtol=1e-5
    )


def test_a_feature_that_never_changes_does_no_harm():
    features, tasks, _ = made_tasks(count=6, rows=30)
    dead = np.concatenate([features, np.zeros((30, 1))], axis=1)
    prior = fit_head_prior(dead, tasks)
    assert np.isfinite(prior.covariance).all()


def test_unlike_kinds_are_refused():
    features, tasks, _ = made_tasks(count=2, rows=10)
    with pytest.raises(ValueError, match="all regressions or all of classes"):
        fit_head_prior(features, [*tasks, HeadLabels(np.ones(10), "binary")])
    with pytest.raises(ValueError, match="at least one task"):
        fit_head_prior(features, [])
