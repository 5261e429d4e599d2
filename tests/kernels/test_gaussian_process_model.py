"""The multi-task Gaussian process: against scikit-learn, and its gradient."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from keras_mtl.errors import UserError
from keras_mtl.kernels import GaussianProcessModel, ProcessParameters
from keras_mtl.kernels.marginal_likelihood import negative_log_likelihood


def one_task(signal, noise, length):
    return ProcessParameters(
        np.zeros((1, 1)),
        np.log([signal]),
        np.log([noise]),
        float(np.log(length)),
    )


def test_one_task_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(40, 2))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = np.sin(x[:, 0])
    y = (y - y.mean()) / y.std()
    model = GaussianProcessModel(parameters=one_task(1.5, 0.2, 0.8)).fit(x, y)
    kernel = ConstantKernel(1.5) * RBF(0.8) + WhiteKernel(0.2)
    other = GaussianProcessRegressor(kernel, optimizer=None, alpha=0.0).fit(x, y)
    new = generator.normal(size=(10, 2))
    means, variances = model.predict(new, return_variance=True)
    expected, deviations = other.predict(new, return_std=True)
    np.testing.assert_allclose(means[:, 0], expected, atol=1e-9)
    np.testing.assert_allclose(variances[:, 0], deviations**2, atol=1e-9)
    likelihood = other.log_marginal_likelihood(other.kernel_.theta)
    assert model.log_marginal_likelihood_ == pytest.approx(likelihood, abs=1e-8)


def test_the_gradient_is_that_of_finite_differences():
    generator = np.random.default_rng(1)
    rows, labels = generator.normal(size=(30, 2)), generator.normal(size=30)
    tasks_of = generator.integers(0, 3, size=30)
    vector = 0.5 * generator.normal(size=3 * 2 + 3 + 3 + 1)

    def value(each):
        return negative_log_likelihood(each, rows, tasks_of, labels, 3)[0]

    def gradient(each):
        return negative_log_likelihood(each, rows, tasks_of, labels, 3)[1]

    assert check_grad(value, gradient, vector) < 1e-4
    assert np.abs(gradient(vector)).min() > 1e-3


def test_it_learns_which_tasks_are_alike():
    generator = np.random.default_rng(2)
    x = generator.uniform(-3, 3, size=(50, 1))
    wave = np.sin(1.5 * x)
    other = np.cos(2.5 * x + 1)
    y = np.hstack([wave, -wave, other]) + 0.05 * generator.normal(size=(50, 3))
    y[12:, 1] = np.nan
    model = GaussianProcessModel(rank=2).fit(x, y)
    b = model.task_covariance_
    alike = b / np.sqrt(np.outer(np.diag(b), np.diag(b)))
    assert alike[0, 1] < -0.9
    assert abs(alike[0, 2]) < 0.7
    means, variances = model.predict(x, return_variance=True)
    assert np.abs(means[:, 1] + wave[:, 0]).mean() < 0.1
    assert (variances > 0).all()


def test_the_variance_is_larger_far_from_the_rows():
    x = np.linspace(-1, 1, 20)[:, None]
    model = GaussianProcessModel().fit(x, {"wave": np.sin(3 * x[:, 0])})
    _, variances = model.predict([[0.0], [30.0]], return_variance=True)
    assert variances["wave"][1] > 10 * variances["wave"][0]


def test_too_many_labels_say_what_to_do():
    rows = np.random.default_rng(3).normal(size=(2600, 2))
    with pytest.raises(UserError, match="sample of the rows"):
        GaussianProcessModel().fit(rows, rows)


@pytest.mark.parametrize("name", ["rank", "iterations"])
def test_settings_that_cannot_serve_are_refused(name):
    with pytest.raises(ValueError, match=f"{name}=0"):
        GaussianProcessModel(**{name: 0}).fit(np.eye(3), np.eye(3))


def test_text_is_refused():
    with pytest.raises(ValueError, match="expected numbers"):
        GaussianProcessModel().fit(np.eye(2), {"sick": np.array(["yes", "no"])})
