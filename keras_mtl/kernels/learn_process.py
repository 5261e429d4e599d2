"""The parameters of a Gaussian process with the largest marginal likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from threadpoolctl import threadpool_limits

from keras_mtl.kernels.kernel_function import median_distance
from keras_mtl.kernels.latent_labels import LatentLabels
from keras_mtl.kernels.marginal_likelihood import negative_log_evidence
from keras_mtl.kernels.process_parameters import ProcessParameters

__all__ = ["learn_process"]

# The number of steps after which two starts are compared.
TRIAL_STEPS = 12
# The prior standard deviation of the logarithms of length scales around the median
# distance. Without a prior, one length scale per feature overfits a sample.
LENGTH_DEVIATION = 1.0


def learn_process(
    rows: np.ndarray,
    labels: LatentLabels,
    means: np.ndarray,
    factors: int = 1,
    lengths: int = 1,
    iterations: int = 100,
    seed: int = 0,
) -> ProcessParameters:
    """Learn the parameters by L-BFGS, within bounds.

    The length scale starts at the median distance of the rows. If each feature has its
    own length scale, they have a log-normal prior around this distance. B has two
    starts, with similar tasks and with nearly unrelated tasks. The start with the
    larger marginal likelihood after some steps is continued.

    Args:
        rows: Standardized features, (N, d).
        labels: The known labels.
        means: The prior mean of each output, (K,).
        factors: The number of columns of V.
        lengths: The number of length scales, 1 or d.
        iterations: The largest number of steps.
        seed: The seed of the start.
    """
    outputs = len(means)
    noise = np.random.default_rng(seed).normal(size=(outputs, factors))
    first = np.zeros(outputs, bool)
    for loss, here, _ in labels.parts:
        if loss == "squared":
            first[labels.outputs[here]] = True
    starts = []
    for shared in (0.7, 0.1):
        # The columns of V start at different values, since equal columns would stay
        # equal.
        loadings = 0.1 * noise
        loadings[:, 0] += shared
        if outputs == 1:
            # With one output, B is a single number, and kappa is enough.
            loadings[:] = 0.0
        starts.append(
            ProcessParameters(
                loadings,
                np.full(outputs, np.log(max(1.0 - shared**2, 0.1))),
                np.where(first, np.log(0.2), 0.0),
                np.full(lengths, np.log(median_distance(rows, seed))),
            )
        )
    # Products of small matrices are faster in one thread.
    with threadpool_limits(1):
        if outputs == 1:
            return _search(starts[0], rows, labels, means, iterations)[0]
        trials = [
            _search(each, rows, labels, means, min(TRIAL_STEPS, iterations))
            for each in starts
        ]
        best, result = min(trials, key=lambda trial: float(trial[1].fun))
        if iterations <= TRIAL_STEPS or result.success:
            return best
        # The bounds are relative to the initial lengths.
        more = iterations - TRIAL_STEPS
        return _search(best, rows, labels, means, more, starts[0])[0]


def _search(
    start: ProcessParameters,
    rows: np.ndarray,
    labels: LatentLabels,
    means: np.ndarray,
    iterations: int,
    bounds_of: ProcessParameters | None = None,
) -> tuple[ProcessParameters, OptimizeResult]:
    last: dict[str, np.ndarray] = {}
    center = (bounds_of or start).log_lengths
    slope = 0.0 if len(center) == 1 else LENGTH_DEVIATION**-2

    def value(vector: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = start.from_vector(vector)
        found, gradient, fit = negative_log_evidence(
            parameters, rows, labels, means, last.get("answers")
        )
        last["answers"] = fit.answers
        away = parameters.log_lengths - center
        gradient = replace(gradient, log_lengths=gradient.log_lengths + slope * away)
        return found + 0.5 * slope * float(away @ away), gradient.to_vector()

    result = minimize(
        value,
        start.to_vector(),
        jac=True,
        method="L-BFGS-B",
        bounds=(bounds_of or start).bounds(),
        options={"maxiter": iterations, "ftol": 1e-6, "gtol": 1e-3},
    )
    return start.from_vector(result.x), result
