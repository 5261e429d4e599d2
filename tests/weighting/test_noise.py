"""The random numbers of the methods."""

import numpy as np
from scipy import stats

from keras_mtl.weighting._noise import normal, seed_state, uniform


def test_numbers_are_uniform_and_normal_and_independent():
    seed = seed_state(1)["seed"]
    first, seed = uniform(seed, (20000,))
    second, seed = normal(seed, (20000,))
    assert first.numpy().min() > 0
    assert first.numpy().max() < 1
    assert stats.kstest(first, "uniform").pvalue > 0.01
    assert stats.kstest(second, "norm").pvalue > 0.01
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.03


def test_seeds_next_to_each_other_have_nothing_in_common():
    draws = np.array([uniform(np.array([seed, 0]), (50,))[0] for seed in range(50)])
    correlations = np.corrcoef(draws)[np.triu_indices(50, 1)]
    assert np.abs(correlations).mean() < 0.15
    assert stats.kstest(draws[:, 0], "uniform").pvalue > 0.01


def test_the_seed_moves_on_as_that_of_a_generator():
    _, seed = uniform(seed_state(7)["seed"], (3,))
    np.testing.assert_array_equal(seed, [7, 1])
