"""Laplace's approximation and Nystroem's: gradients, ends, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from keras_mtl.errors import UserError
from keras_mtl.kernels import process_fit
from keras_mtl.kernels.kernel_function import KernelFunction
from keras_mtl.kernels.latent_labels import latent_labels
from keras_mtl.kernels.marginal_likelihood import (
    latent_covariance,
    negative_log_evidence,
)
from keras_mtl.kernels.process_fit import fit_process, process_support
from keras_mtl.kernels.process_parameters import ProcessParameters
from keras_mtl.kernels.variance_factors import variance_factors
from keras_mtl.linear import LinearTask


def make_tasks(generator, rows, missing=0.3):
    """Returns a regression, a binary task and one of three classes."""

    def weights():
        counted = generator.uniform(0.5, 2.0, size=rows)
        counted[generator.random(rows) < missing] = 0.0
        return counted

    return [
        LinearTask("squared", generator.normal(size=(rows, 1)), weights()),
        LinearTask("logistic", 1.0 * (generator.random((rows, 1)) > 0.5), weights()),
        LinearTask("softmax", np.eye(3)[generator.integers(0, 3, rows)], weights()),
    ]


def make_parameters(generator, lengths=3):
    return ProcessParameters(
        generator.normal(size=(5, 2)),
        0.3 * generator.normal(size=5),
        0.3 * generator.normal(size=5) - 1.0,
        0.3 * generator.normal(size=lengths),
    )


@pytest.mark.parametrize("lengths", [1, 3])
def test_the_gradient_is_that_of_finite_differences(lengths):
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(25, 3))
    labels = latent_labels(make_tasks(generator, 25), 1000, 0)
    parameters, means = make_parameters(generator, lengths), generator.normal(size=5)
    vector = parameters.to_vector()

    def value(moved):
        each = parameters.from_vector(moved)
        return negative_log_evidence(each, rows, labels, means)[0]

    _, gradient, found = negative_log_evidence(parameters, rows, labels, means)
    steps = 1e-5 * np.eye(len(vector))
    with threadpool_limits(1):
        slopes = [(value(vector + s) - value(vector - s)) / 2e-5 for s in steps]
    np.testing.assert_allclose(gradient.to_vector(), slopes, atol=1e-7)
    assert np.abs(slopes).max() > 0.1
    assert found.residual < 1e-8


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 12))
def test_the_covariance_of_labels_has_no_negative_eigenvalue(seed, rows):
    generator = np.random.default_rng(seed)
    labels = latent_labels(make_tasks(generator, rows, missing=0.0), 1000, 0)
    x = generator.choice([0.0, 1.0, 1e-6, 50.0], size=(rows, 3))
    covariance, _ = latent_covariance(make_parameters(generator), x, labels)
    sizes = np.linalg.eigvalsh(covariance)
    np.testing.assert_allclose(covariance, covariance.T)
    assert sizes.min() > -1e-9 * sizes.max()


def test_missing_labels_are_left_out():
    generator = np.random.default_rng(1)
    tasks = make_tasks(generator, 30)
    labels = latent_labels(tasks, 1000, 0)
    known = [int((task.weights > 0).sum()) for task in tasks]
    assert len(labels) == known[0] + known[1] + 3 * known[2]
    x, parameters = generator.normal(size=(30, 3)), make_parameters(generator)
    found = fit_process(x, tasks, parameters=parameters)
    for task in tasks:
        task.labels[task.weights == 0] = np.nan
    again = fit_process(x, tasks, parameters=parameters)
    np.testing.assert_array_equal(found.coefficients, again.coefficients)


def test_a_sample_leaves_tasks_with_few_labels_whole():
    generator = np.random.default_rng(2)
    tasks = make_tasks(generator, 200, missing=0.0)
    tasks[1].weights[20:] = 0.0
    labels = latent_labels(tasks, 140, 0)
    assert len(labels) <= 140
    counts = np.bincount(labels.outputs)
    assert counts.tolist() == [30, 20, 30, 30, 30]
    # The same rows serve the tasks that have both labels.
    assert set(labels.rows[labels.outputs == 0]) == set(
        labels.rows[labels.outputs == 2]
    )


def test_nystroem_with_all_rows_is_exact(monkeypatch):
    generator = np.random.default_rng(3)
    tasks, x = make_tasks(generator, 60), generator.normal(size=(60, 3))
    parameters = make_parameters(generator)
    exact = fit_process(x, tasks, parameters=parameters)
    assert exact.is_exact
    assert exact.residual < 1e-7
    monkeypatch.setattr(process_fit, "EXACT_VALUES", 1)
    other = fit_process(x, tasks, parameters=parameters, rank=60)
    assert not other.is_exact
    new = generator.normal(size=(10, 3))
    for found, expected in zip(other.latent(new), exact.latent(new), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)
    # Fewer support rows explain less.
    fewer = fit_process(x, tasks, parameters=parameters, rank=20)
    assert len(fewer.support) == 20
    assert fewer.latent(new)[1].mean() > 1.05 * exact.latent(new)[1].mean()


@pytest.mark.parametrize("tolerance", [1e-2, 1e-9])
def test_few_directions_leave_out_no_more_than_is_tolerated(tolerance):
    generator = np.random.default_rng(4)
    tasks, x = make_tasks(generator, 60), generator.normal(size=(60, 3))
    found = fit_process(x, tasks, parameters=make_parameters(generator))
    factors = variance_factors(found, np.full(5, tolerance))
    new = np.concatenate([x, 3.0 * generator.normal(size=(100, 3))])
    rows = (new - found.means) / found.scales / found.parameters.lengths
    kernel = KernelFunction("rbf", 1.0)(rows, found.support)
    explained = (np.einsum("nm,kmr->nkr", kernel, factors) ** 2).sum(axis=2)
    _, expected = found.latent(new)
    left_out = found.variances - explained - expected
    assert left_out.min() > -1e-6
    assert left_out.max() < tolerance + 1e-6
    assert factors.shape[2] < 60 or tolerance < 1e-3


def test_how_many_support_rows_there_are():
    def tasks(rows, outputs):
        ones = np.ones(rows)
        return [LinearTask("squared", ones[:, None], ones)] * outputs

    assert process_support(tasks(1000, 2), None) == 1000
    assert process_support(tasks(1001, 2), None) == 500
    assert process_support(tasks(5000, 10), None) == 200
    assert process_support(tasks(500, 2), 50) == 50
    with pytest.raises(UserError, match="rank of at most 500"):
        process_support(tasks(5000, 10), 1000)


def test_rows_that_do_not_fit_in_memory_say_what_to_do(monkeypatch):
    sizes = {"SC_PHYS_PAGES": 100, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__)
    ones = np.ones(3000)
    with pytest.raises(UserError, match=r"gaussian process: .*rank=\d"):
        process_support([LinearTask("squared", ones[:, None], ones)], None)
