"""What must hold for every method, whatever it does."""

import keras
import numpy as np
import pytest

import keras_mtl.weighting
from tests.weighting.weighting_cases import (
    ON_GRADIENTS,
    ON_GRAMIAN,
    ON_LOSSES,
    PAPER_FACTORS,
    RANDOM,
    dependent_jacobian,
    make,
    random_jacobian,
)

SCALES = (1e-10, 1e-3, 1e10)
ALL = keras_mtl.weighting.names()


@pytest.mark.parametrize("name", ALL)
def test_a_task_without_a_label_changes_nothing_for_the_others(name):
    alone, with_zeros, with_mask = (make(name, count) for count in (2, 3, 3))
    for step in range(3):
        jacobian = random_jacobian(step, 2, 6)
        losses = np.array([1.5, 0.4]) / (1 + step)
        expected = alone.aggregate(jacobian, losses=losses)

        zeros = np.vstack([jacobian, np.zeros(6)])
        mask = [True, True, False]
        if name in ON_LOSSES:
            # Losses have no row of zeros: who has no label is told by the mask.
            got = with_zeros.aggregate(zeros, losses=[*losses, 7.0], mask=mask)
        else:
            got = with_zeros.aggregate(zeros, losses=[*losses, 7.0])
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)

        weighting_of_junk = np.vstack([jacobian, np.full(6, 1e3)])
        if name in ON_LOSSES:
            weighting_of_junk[2] = 0.0
        got = with_mask.aggregate(
            weighting_of_junk, losses=[*losses, np.nan], mask=mask
        )
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ON_GRAMIAN)
def test_the_weight_of_a_masked_task_is_zero_and_its_nan_is_not_seen(name):
    jacobian = random_jacobian(1, 3, 6)
    gramian = jacobian @ jacobian.T
    gramian[1] = gramian[:, 1] = np.nan
    weights, _ = make(name)(
        gramian, mask=[True, False, True], losses=[1.0, np.nan, 2.0]
    )
    assert weights[1] == 0
    assert np.all(np.isfinite(weights))


@pytest.mark.parametrize("name", ON_GRADIENTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_update_grows_with_the_gradients(name, dtype):
    jacobians = [random_jacobian(seed, 4, 6) for seed in range(2)]
    method = make(name)
    expected = [method.aggregate(jacobian.astype(dtype)) for jacobian in jacobians]
    tolerance = 1e-9 if dtype == "float64" else 2e-5
    for scale in SCALES:
        method.reset()
        for jacobian, update in zip(jacobians, expected, strict=True):
            got = method.aggregate((scale * jacobian).astype(dtype))
            size = np.abs(update).max()
            np.testing.assert_allclose(
                got / scale, update, rtol=0, atol=tolerance * size
            )


@pytest.mark.parametrize("name", ON_GRAMIAN)
def test_weights_of_a_single_precision_gramian_do_not_depend_on_its_scale(name):
    jacobian = random_jacobian(1, 4, 6)
    gramian = (jacobian @ jacobian.T).astype("float32")
    expected, _ = make(name)(gramian)
    for scale in SCALES:
        got, _ = make(name)((gramian * scale**2).astype("float32"))
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_one_task_gets_its_own_gradient(name):
    method = make(name, 1)
    for step in range(2):
        gradient = random_jacobian(step, 1, 5)
        np.testing.assert_allclose(method.aggregate(gradient), gradient[0], rtol=1e-6)
        if name in ("uncertainty", "imtl-l", "db-mtl", "moco"):
            break  # Later steps depend on earlier ones by design.


@pytest.mark.parametrize("name", [name for name in ALL if name != "mean"])
@pytest.mark.parametrize("tasks_count", [2, 6])
def test_equal_gradients_give_their_sum(name, tasks_count):
    gradient = np.array([0.5, -2.0, 3.0])
    jacobian = np.tile(gradient, (tasks_count, 1))
    update = make(name, tasks_count).aggregate(jacobian)
    np.testing.assert_allclose(update, tasks_count * gradient, rtol=1e-6)


@pytest.mark.parametrize("name", PAPER_FACTORS)
def test_the_papers_scale_is_one_option_away(name):
    gradient = np.array([0.5, -2.0, 3.0])
    update = make(name, 5, scale="paper").aggregate(np.tile(gradient, (5, 1)))
    np.testing.assert_allclose(update, PAPER_FACTORS[name] * gradient, rtol=1e-6)


@pytest.mark.parametrize("name", ["nash-mtl", "fairgrad"])
def test_the_length_that_the_paper_fixes_by_design(name):
    update = make(name, scale="paper").aggregate(1e3 * random_jacobian(1, 4, 9))
    np.testing.assert_allclose(np.linalg.norm(update), 2.0, rtol=1e-6)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "jacobian",
    [
        np.zeros((3, 4)),
        np.array([[1.0, 2.0], [-1.0, -2.0]]),
        np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 1e-6]]),
        dependent_jacobian(0, 6, 3),
        dependent_jacobian(0, 6, 3).astype("float32"),
        random_jacobian(0, 7, 2),
        np.array([[1e8, 1.0], [-1e-8, 1e-8]]),
    ],
    ids=["zero", "opposite", "same", "mixed", "low", "low32", "many", "lengths"],
)
def test_singular_matrices_give_finite_updates(name, jacobian):
    method = make(name, len(jacobian))
    for _ in range(2):
        update = method.aggregate(jacobian)
        assert np.all(np.isfinite(update))
        # Nothing is blown up: a bound that every method keeps by far.
        largest = np.linalg.norm(jacobian, axis=1).max()
        assert np.linalg.norm(update) <= 40 * len(jacobian) * largest
    if not jacobian.any():
        assert not update.any()


@pytest.mark.parametrize("name", [name for name in ON_GRADIENTS if name != "graddrop"])
def test_opposite_gradients_cancel(name):
    update = make(name).aggregate([[3.0, -4.0], [-3.0, 4.0]])
    np.testing.assert_allclose(update, 0.0, atol=1e-6)


@pytest.mark.parametrize("name", ON_GRADIENTS)
def test_a_gradient_that_is_not_a_number_is_not_hidden(name):
    jacobian = random_jacobian(0, 3, 4)
    jacobian[1, 2] = np.nan
    assert not np.all(np.isfinite(make(name).aggregate(jacobian)))


@pytest.mark.parametrize("name", ["uncertainty", "geometric", "famo", "stch", "imtl-l"])
def test_a_loss_that_is_not_a_number_is_not_hidden(name):
    method = make(name, 2)
    state = method.initial_state(2)
    for _ in range(3):
        _, state = method([1.0, np.nan], state)
        state = method.after_step([1.0, np.nan], state)
    assert not np.all(np.isfinite(method([1.0, np.nan], state)[0]))


@pytest.mark.parametrize("name", RANDOM)
def test_random_methods_follow_a_keras_seed_generator(name):
    jacobians = [random_jacobian(seed, 6, 3) for seed in range(3)]

    def updates(**settings):
        method = keras_mtl.weighting.get(name, **settings)
        return np.stack([method.aggregate(jacobian) for jacobian in jacobians])

    np.testing.assert_array_equal(updates(seed=5), updates(seed=5))
    assert np.abs(updates(seed=5) - updates(seed=6)).max() > 1e-6

    keras.utils.set_random_seed(1)
    first = updates()
    keras.utils.set_random_seed(1)
    np.testing.assert_array_equal(updates(), first)

    state = keras_mtl.weighting.get(name, seed=5).initial_state(6, 3)
    generator = keras.random.SeedGenerator(5)
    np.testing.assert_array_equal(state["seed"], generator.state.numpy())


@pytest.mark.parametrize("name", RANDOM)
def test_every_call_draws_anew(name):
    method = make(name)
    jacobian = random_jacobian(0, 6, 3)
    updates = {tuple(method.aggregate(jacobian)) for _ in range(8)}
    assert len(updates) > 1
