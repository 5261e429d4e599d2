"""The multi-task Gaussian process beside GPflow's, on the heart data."""

import numpy as np
import pytest

from keras_mtl.datasets import load_heart_disease
from keras_mtl.kernels import GaussianProcessModel, ProcessParameters

FEATURES = ["age", "trestbps", "chol"]
TASKS = ["thalach", "oldpeak"]
ROWS = 120


def read_rows():
    """Returns standardized features and labels, of which the second lack some."""
    frame = load_heart_disease()[[*FEATURES, *TASKS]].dropna().head(ROWS)
    values = frame.to_numpy("float64")
    x, y = values[:, :3], values[:, 3:].copy()
    y[40:, 1] = np.nan
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    return standard, (y - np.nanmean(y, axis=0)) / np.nanstd(y, axis=0)


def gpflow_model(gpflow, x, y, parameters):
    """Returns GPflow's model of the same labels, in one column with their tasks."""
    rows, tasks = np.nonzero(np.isfinite(y))
    inputs = np.column_stack([x[rows], tasks])
    alike = gpflow.kernels.Coregion(output_dim=2, rank=1, active_dims=[3])
    alike.W.assign(parameters.loadings)
    alike.kappa.assign(np.exp(parameters.log_kappa))
    shape = gpflow.kernels.SquaredExponential(
        lengthscales=parameters.lengths, active_dims=[0, 1, 2]
    )
    gpflow.set_trainable(shape.variance, False)
    return gpflow.models.GPR(
        (inputs, y[rows, tasks][:, None]),
        shape * alike,
        noise_variance=float(parameters.noise[0]),
    )


@pytest.mark.slow
def test_evidence_predictions_and_optimum_are_those_of_gpflow():
    gpflow = pytest.importorskip("gpflow", reason="pip install gpflow")
    x, y = read_rows()
    parameters = ProcessParameters(
        np.array([[0.8], [-0.5]]),
        np.log([0.3, 0.4]),
        np.log([0.5, 0.5]),
        np.log([1.5, 2.0, 1.0]),
    )
    ours = GaussianProcessModel(parameters=parameters).fit(x, y)
    theirs = gpflow_model(gpflow, x, y, parameters)
    expected = float(theirs.log_marginal_likelihood())
    assert ours.log_marginal_likelihood_ == pytest.approx(expected, abs=1e-4)
    means, variances = ours.predict(x, return_variance=True)
    for task in (0, 1):
        inputs = np.column_stack([x, np.full(len(x), task)])
        mean, variance = theirs.predict_y(inputs)
        np.testing.assert_allclose(means[:, task], np.ravel(mean), atol=1e-4)
        np.testing.assert_allclose(variances[:, task], np.ravel(variance), atol=1e-4)
    learned = GaussianProcessModel(automatic_relevance=True).fit(x, y)
    optimizer = gpflow.optimizers.Scipy()
    optimizer.minimize(
        theirs.training_loss, theirs.trainable_variables, options={"maxiter": 200}
    )
    # Ours has a noise for each task: it is at least as likely.
    best = float(theirs.log_marginal_likelihood())
    assert learned.log_marginal_likelihood_ > best - 0.1
