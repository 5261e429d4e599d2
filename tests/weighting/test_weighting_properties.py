"""What the methods' papers promise, on random matrices of many ranks."""

import numpy as np
import pytest

from keras_mtl.weighting._noise import uniform
from tests.weighting.weighting_cases import (
    ON_GRADIENTS,
    RANDOM,
    dependent_jacobian,
    make,
    random_jacobian,
    weakly_stationary_jacobian,
)

MATRICES = [
    random_jacobian(0, 2, 3),
    random_jacobian(1, 5, 40),
    random_jacobian(2, 8, 8),
    1e-6 * random_jacobian(3, 4, 9),
    random_jacobian(4, 12, 5),
    dependent_jacobian(5, 6, 3),
    random_jacobian(6, 20, 30, conflict=0.7),
]
HURT_NO_TASK = pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("upgrad", {}),
        ("dualproj", {}),
        ("mgda", {}),
        ("cagrad", {"c": 1.0}),
        ("cagrad", {"c": 1.0, "scale": "paper"}),
        ("cagrad", {"c": 2.0}),
    ],
)
NOT_STATIONARY = [
    random_jacobian(0, 2, 3),
    random_jacobian(1, 5, 40),
    random_jacobian(7, 12, 30, conflict=0.6),
]


@pytest.mark.parametrize("name", ON_GRADIENTS)
@pytest.mark.parametrize("jacobian", MATRICES[::3], ids=lambda j: str(j.shape))
def test_the_update_has_the_shape_and_type_of_a_gradient(name, jacobian):
    update = make(name).aggregate(jacobian.astype("float32"))
    assert update.shape == jacobian.shape[1:]
    assert update.dtype == np.float32
    assert np.all(np.isfinite(update))


@pytest.mark.parametrize(
    "name", [name for name in ON_GRADIENTS if name not in ("pcgrad", "gradvac")]
)
@pytest.mark.parametrize("jacobian", MATRICES[1:4:2], ids=lambda j: str(j.shape))
def test_the_order_of_the_tasks_does_not_matter(name, jacobian):
    order = np.random.default_rng(0).permutation(len(jacobian))
    straight, shuffled = make(name), make(name)
    for step in range(2):
        rows = jacobian[:, :: 1 - 2 * step] * (1 + step)
        losses = 1.0 + np.arange(len(rows))
        expected = straight.aggregate(rows, losses=losses)
        got = shuffled.aggregate(rows[order], losses=losses[order])
        size = np.abs(expected).max()
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6 * size)


@HURT_NO_TASK
@pytest.mark.parametrize("jacobian", MATRICES, ids=lambda j: str(j.shape))
def test_the_update_hurts_no_task(name, settings, jacobian):
    update = make(name, **settings).aggregate(jacobian)
    norms = np.linalg.norm(jacobian, axis=1)
    assert np.min(jacobian @ update / norms) >= -1e-6 * norms.max()


@HURT_NO_TASK
def test_the_update_hurts_no_task_where_the_tasks_are_weakly_stationary(name, settings):
    for seed in range(40):
        tasks_count, parameters_count = 2 + seed % 5, 1 + seed % 11
        jacobian = weakly_stationary_jacobian(seed, tasks_count, parameters_count)
        update = make(name, **settings).aggregate(jacobian)
        norms = np.linalg.norm(jacobian, axis=1)
        assert np.min(jacobian @ update / norms) >= -1e-6 * norms.max()


@pytest.mark.parametrize("name", ["upgrad", "sum", "mean", "config"])
def test_the_update_is_linear_in_the_lengths_of_the_gradients(name):
    generator = np.random.default_rng(0)
    for jacobian in MATRICES[:3]:
        first, second = generator.uniform(0.1, 3.0, size=(2, len(jacobian), 1))
        method = make(name)
        parts = 2.0 * method.aggregate(first * jacobian)
        parts += 0.5 * method.aggregate(second * jacobian)
        whole = method.aggregate((2.0 * first + 0.5 * second) * jacobian)
        np.testing.assert_allclose(whole, parts, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ["upgrad", "dualproj"])
@pytest.mark.parametrize("jacobian", NOT_STATIONARY, ids=lambda j: str(j.shape))
def test_the_update_vanishes_only_where_the_tasks_are_stationary(name, jacobian):
    method = make(name)
    shortest = np.linalg.norm(make("mgda").aggregate(jacobian)) / len(jacobian)
    assert shortest > 1e-3
    assert np.linalg.norm(method.aggregate(jacobian)) > 1e-3
    # A task that wants the opposite of the sum's direction makes it stationary.
    stationary = np.vstack([jacobian, -jacobian.sum(axis=0)])
    assert np.linalg.norm(make("mgda").aggregate(stationary)) < 1e-7


@pytest.mark.parametrize("jacobian", MATRICES, ids=lambda j: str(j.shape))
def test_mgda_finds_the_shortest_vector_of_the_hull(jacobian):
    gramian = jacobian @ jacobian.T
    weights = np.array(make("mgda", scale="paper")(gramian)[0])
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(), 1.0)
    # No vertex of the hull lies on the near side of the vector's plane.
    products = gramian @ weights
    assert products.min() >= weights @ products - 1e-8 * np.trace(gramian)


@pytest.mark.parametrize("jacobian", MATRICES, ids=lambda j: str(j.shape))
def test_cagrad_serves_the_worst_task_best_within_its_ball(jacobian):
    update = make("cagrad", scale="paper").aggregate(jacobian)
    mean = jacobian.mean(axis=0)
    radius = 0.5 * np.linalg.norm(mean)
    assert np.linalg.norm(update - mean) <= radius * (1 + 1e-7)
    # The dual bound: no update in the ball can do better than any weights say.
    weights = np.array(make("cagrad", scale="paper")(jacobian @ jacobian.T)[0])
    weights = weights - 1 / len(jacobian)
    assert weights.min() >= -1e-9
    weights = weights / weights.sum()
    direction = weights @ jacobian
    bound = direction @ mean + radius * np.linalg.norm(direction)
    size = np.linalg.norm(jacobian, axis=1).max() ** 2
    assert (jacobian @ update).min() >= bound - 1e-7 * size


@pytest.mark.parametrize("seed", range(5))
def test_pcgrad_is_upgrad_with_two_tasks(seed):
    jacobian = random_jacobian(seed, 2, 4)
    np.testing.assert_allclose(
        make("pcgrad").aggregate(jacobian), make("upgrad").aggregate(jacobian)
    )


@pytest.mark.parametrize("jacobian", MATRICES[:4], ids=lambda j: str(j.shape))
@pytest.mark.parametrize("alpha", [0.5, 1.0, 3.0])
def test_fair_weights_solve_their_equation(jacobian, alpha):
    gramian = jacobian @ jacobian.T
    weights = np.array(make("fairgrad", alpha=alpha, scale="paper")(gramian)[0])
    np.testing.assert_allclose(gramian @ weights, weights ** (-1 / alpha), rtol=1e-6)
    if alpha == 1.0:
        nash = make("nash-mtl", scale="paper")(gramian)[0]
        np.testing.assert_allclose(nash, weights, rtol=1e-12)


def test_imtl_g_and_config_make_equal_angles():
    jacobian = random_jacobian(1, 5, 40)
    units = jacobian / np.linalg.norm(jacobian, axis=1, keepdims=True)
    for name in ("imtl-g", "config"):
        projections = units @ make(name).aggregate(jacobian)
        np.testing.assert_allclose(projections, projections.mean(), rtol=1e-9)


def test_aligned_gradients_are_orthogonal_and_equally_long():
    jacobian = random_jacobian(1, 5, 40)
    update = make("aligned-mtl").aggregate(jacobian)
    values, vectors = np.linalg.eigh(jacobian @ jacobian.T)
    aligned = np.sqrt(values[0]) * (vectors / np.sqrt(values)) @ vectors.T @ jacobian
    np.testing.assert_allclose(aligned @ aligned.T, values[0] * np.eye(5), atol=1e-9)
    np.testing.assert_allclose(update, aligned.sum(axis=0))


def test_graddrop_keeps_one_sign_in_each_entry():
    jacobian = random_jacobian(0, 6, 400)
    positive = np.where(jacobian > 0, jacobian, 0).sum(axis=0)
    negative = np.where(jacobian < 0, jacobian, 0).sum(axis=0)
    update = make("graddrop").aggregate(jacobian)
    kept = np.isclose(update, positive)
    np.testing.assert_allclose(update, np.where(kept, positive, negative))
    # It is the sum in expectation of the chance, not of the entries' sizes.
    purity = positive / (positive - negative)
    assert abs(kept.mean() - purity.mean()) < 0.1
    everything = make("graddrop", leak=1.0).aggregate(jacobian)
    np.testing.assert_allclose(everything, jacobian.sum(axis=0))


def test_db_mtl_balances_the_gradients_of_log_losses():
    jacobian, losses = random_jacobian(0, 3, 5), np.array([2.0, 0.5, 1.0])
    rows = jacobian / losses[:, None]
    norms = np.linalg.norm(rows, axis=1)
    expected = norms.max() * (rows / norms[:, None]).sum(axis=0)
    method = make("db-mtl", scale="paper", beta=0.0)
    np.testing.assert_allclose(method.aggregate(jacobian, losses=losses), expected)


def test_stochastic_mgda_comes_to_the_shortest_vector():
    # Gradients that stay as they are need no randomness: the limit is MGDA.
    jacobian = random_jacobian(3, 4, 9)
    expected = make("mgda").aggregate(jacobian)
    for name, settings in {
        "moco": {"gamma": 0.5, "gamma_decay": 0.0, "beta_decay": 0.0},
        "modo": {"gamma": 0.5, "rho": 0.0},
        "sdmgrad": {"strength": 0.0, "learning_rate": 0.5},
    }.items():
        method = make(name, **settings)
        for _ in range(8 if name == "sdmgrad" else 60):
            update = method.aggregate(jacobian)
        np.testing.assert_allclose(update, expected, atol=0.1)


@pytest.mark.parametrize("name", RANDOM[1:3])
def test_the_visits_follow_algorithm_1_of_the_paper(name):
    jacobian = random_jacobian(4, 6, 4)
    method = make(name)
    state = method.initial_state(6)
    weights = np.array(method(jacobian @ jacobian.T, state)[0])
    order = np.argsort(uniform(state["seed"], (6, 6))[0], axis=1)
    total = np.zeros(4)
    for task in range(6):
        changed = jacobian[task].copy()
        for other in order[task]:
            product = changed @ jacobian[other]
            if other != task and product < 0:
                changed -= (
                    product / (jacobian[other] @ jacobian[other]) * (jacobian[other])
                )
        total += changed
    np.testing.assert_allclose(weights @ jacobian, total, rtol=1e-9)
