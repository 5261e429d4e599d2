"""The exact solvers against their optimality conditions and SciPy."""

import numpy as np
import pytest
from scipy.optimize import nnls

from keras_mtl.weighting.solvers.nonnegative import (
    dual_cone_weights,
    nonnegative_minimum,
)
from keras_mtl.weighting.solvers.simplex import project_on_simplex, step_on_simplex
from tests.weighting.weighting_cases import dependent_jacobian, random_jacobian


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [2, 7, 20])
def test_the_minimum_is_that_of_nonnegative_least_squares(seed, size):
    generator = np.random.default_rng(seed)
    rows, target = (
        generator.normal(size=(size, size + 3)),
        generator.normal(size=size + 3),
    )
    expected, _ = nnls(rows.T, target)
    got = nonnegative_minimum(rows @ rows.T, -(rows @ target)[None], 1e-14)
    np.testing.assert_allclose(got[0], expected, atol=1e-9)


@pytest.mark.parametrize(
    "jacobian",
    [
        random_jacobian(0, 6, 4),
        dependent_jacobian(1, 8, 3),
        np.vstack([random_jacobian(2, 4, 9)] * 2),
        random_jacobian(3, 5, 9) * np.logspace(-6, 6, 5)[:, None],
    ],
    ids=["wide", "low", "twice", "lengths"],
)
def test_projections_on_the_dual_cone_are_optimal(jacobian):
    gramian = jacobian @ jacobian.T
    targets = np.eye(len(jacobian))
    weights = np.array(dual_cone_weights(gramian, targets, 1e-12))
    added = weights - targets
    assert added.min() >= 0
    norms = np.linalg.norm(jacobian, axis=1)
    projections = weights @ jacobian
    cosines = projections @ (jacobian / norms[:, None]).T / norms[:, None]
    assert cosines.min() >= -1e-8
    # What is added is orthogonal to the projection.
    np.testing.assert_allclose(added * norms * cosines, 0.0, atol=1e-6 * norms.max())


def test_the_nearest_point_of_the_simplex():
    active = np.array([1.0, 1.0, 0.0, 1.0])
    point = project_on_simplex(np.array([0.9, 0.5, 7.0, -1.0]), active)
    np.testing.assert_allclose(point, [0.7, 0.3, 0.0, 0.0])
    np.testing.assert_allclose(
        project_on_simplex(np.array([0.2, 0.3, 0.0, 0.5]), active), [0.2, 0.3, 0.0, 0.5]
    )
    assert not np.any(project_on_simplex(active, np.zeros(4)))


def test_a_step_leaves_others_their_share():
    weights = np.array([0.2, 0.2, 0.6])
    active, step = np.array([1.0, 1.0, 0.0]), np.array([0.2, 0.0, 0.0])
    own, everyone = step_on_simplex(weights, lambda own: own + step, active)
    np.testing.assert_allclose(own, [0.6, 0.4, 0.0])
    np.testing.assert_allclose(everyone, [0.24, 0.16, 0.6])
