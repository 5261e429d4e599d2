"""What the methods on losses do, step by step."""

import json
import pathlib

import numpy as np
import pytest

from tests.weighting.weighting_cases import make

FROZEN = json.loads(pathlib.Path(__file__).with_name("torchjd_values.json").read_text())
LOSSES = FROZEN["losses"]


@pytest.mark.parametrize(
    ("name", "settings"), [("geometric", {}), ("stch", {"mu": 0.5})]
)
def test_weights_are_the_derivatives_of_the_papers_objective(name, settings):
    # TorchJD has the objectives; these are their derivatives by the losses.
    method = make(name, scale="paper", **settings)
    weights, _ = method(np.array(LOSSES["before"]))
    np.testing.assert_allclose(weights, LOSSES[name], rtol=1e-6)


def test_famo_follows_torchjd():
    method = make("famo", scale="paper")
    state = method.initial_state(3)
    for expected in LOSSES["famo"]:
        weights, state = method(np.array(LOSSES["before"]), state)
        np.testing.assert_allclose(weights, expected, rtol=1e-5)
        state = method.after_step(np.array(LOSSES["after"]), state)


def test_famo_gives_more_to_the_task_whose_loss_stands_still():
    method = make("famo")
    state = method.initial_state(2)
    for _ in range(20):
        _, state = method([1.0, 1.0], state)
        state = method.after_step([0.5, 1.0], state)
    weights, _ = method([1.0, 1.0], state)
    assert weights[1] > 1.2 > 0.8 > weights[0]


def test_famo_lets_a_task_without_labels_wait():
    method = make("famo")
    _, state = method([1.0, 2.0, 1.0], mask=[True, False, True])
    after = method.after_step([0.5, 9.0, 1.0], state, mask=[True, False, True])
    assert after["logits"][1] == 0
    assert after["logits"][0] < 0 < after["logits"][2]
    assert list(after["steps"]) == [1, 0, 1]


@pytest.mark.parametrize("name", ["famo", "geometric"])
def test_a_loss_of_zero_is_dropped_and_others_go_on(name):
    method = make(name)
    weights, state = method([0.0, 2.0, 1.0])
    expected, _ = method([2.0, 1.0])
    np.testing.assert_allclose(weights, [0.0, *expected], rtol=1e-6)
    state = method.after_step([0.0, 0.0, 0.5], state)
    assert all(np.all(np.isfinite(value)) for value in state.values())


def test_geometric_mean_of_many_small_losses_does_not_underflow():
    weights, _ = make("geometric")(np.full(100, 1e-6, "float32"))
    np.testing.assert_allclose(weights, 1.0, rtol=1e-5)


def test_dwa_knows_a_loss_of_zero_and_an_epoch_without_labels():
    method = make("dwa", temperature=1.0)
    state = method.initial_state(3)
    for losses, mask in (
        ([1.0, 0.0, 4.0], [True, True, True]),
        ([0.5, 0.0, 9.0], [True, True, False]),
    ):
        _, state = method(losses, state, mask=mask)
        state = method.end_of_epoch(state)
    weights, _ = method([1.0, 1.0, 1.0], state)
    # Rates 0.5, 1 (it stands still) and 1 (only one epoch is known).
    rates = np.exp([0.5, 1.0, 1.0])
    np.testing.assert_allclose(weights, 3 * rates / rates.sum(), rtol=1e-6)


def test_dwa_is_equal_in_the_first_two_epochs():
    method = make("dwa")
    state = method.initial_state(2)
    for epoch in range(3):
        weights, state = method([1.0 / (1 + epoch), 1.0], state)
        weights, state = method([3.0 / (1 + epoch), 1.0], state)
        assert bool(weights[0] == weights[1]) == (epoch < 2)
        state = method.end_of_epoch(state)
    assert float(state["last"][0]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("kinds", "best"),
    [(["regression"] * 2, 1.0), (["classification"] * 2, 2.0)],
)
def test_uncertainty_learns_the_variance_that_its_objective_asks_for(kinds, best):
    # The minimum over s of L / (2 e^s) + s / 2 is at e^s = L, and of
    # L / e^s + s / 2 at e^s = 2 L.
    method = make("uncertainty", learning_rate=0.1)
    losses = np.array([0.5, 3.0])
    state = method.initial_state(2, kinds=kinds)
    for _ in range(100):
        _, state = method(losses, state)
    np.testing.assert_allclose(np.exp(state["log_variance"]), best * losses, rtol=0.1)


def test_imtl_l_brings_all_losses_to_one():
    method = make("imtl-l", learning_rate=0.15)
    losses = np.array([0.5, 3.0])
    state = method.initial_state(2)
    for _ in range(60):
        weights, state = method(losses, state)
    np.testing.assert_allclose(weights * losses, 1.0, rtol=0.05)


@pytest.mark.parametrize(
    ("name", "key"), [("uncertainty", "log_variance"), ("imtl-l", "log_scale")]
)
def test_what_a_task_without_labels_has_learned_stays(name, key):
    method = make(name)
    _, state = method([4.0, 4.0, 4.0])
    _, after = method([4.0, np.nan, 4.0], state, mask=[True, False, True])
    assert after[key][1] == state[key][1]
    assert after[key][0] != state[key][0]


def test_rlw_is_random_with_the_mean_1():
    method = make("rlw")
    state = method.initial_state(3)
    draws = []
    for _ in range(100):
        weights, state = method([1.0, 1.0, 1.0], state)
        draws.append(np.array(weights))
    np.testing.assert_allclose(np.sum(draws, axis=1), 3.0, rtol=1e-5)
    np.testing.assert_allclose(np.mean(draws, axis=0), 1.0, atol=0.2)
    assert np.std(draws) > 0.4


def test_gradnorm_brings_the_weighted_norms_together():
    method = make("gradnorm", learning_rate=0.1)
    gramian = np.diag([16.0, 1.0, 0.25])
    state = method.initial_state(3)
    for _ in range(60):
        weights, state = method(gramian, state, losses=[1.0, 1.0, 1.0])
    weighted = np.array(weights) * [4.0, 1.0, 0.5]
    np.testing.assert_allclose(weighted, weighted.mean(), rtol=0.25)
    np.testing.assert_allclose(np.sum(weights), 3.0, rtol=1e-5)


def test_gradnorm_gives_more_to_the_task_that_trains_slowly():
    method = make("gradnorm")
    _, state = method(np.eye(2), losses=[1.0, 1.0])
    for _ in range(5):
        weights, state = method(np.eye(2), state, losses=[1.0, 0.2])
    assert weights[0] > 1.05 > 0.95 > weights[1]
