"""Corrections for the number of tests."""

import numpy as np
import pytest

from keras_mtl.evaluation import holm


def test_holm_of_a_known_example():
    # R: p.adjust(c(0.01, 0.02, 0.03, 0.005, 0.9), "holm")
    adjusted = holm([0.01, 0.02, 0.03, 0.005, 0.9])
    np.testing.assert_allclose(adjusted, [0.04, 0.06, 0.06, 0.025, 0.9])


def test_holm_keeps_the_order_and_is_never_below_the_p_value():
    values = np.random.default_rng(0).uniform(size=50) ** 3
    adjusted = holm(values)
    assert (adjusted >= values).all()
    assert (np.diff(adjusted[np.argsort(values)]) >= 0).all()
    assert (adjusted <= 1).all()


def test_a_test_that_was_not_possible_does_not_count():
    adjusted = holm([0.01, np.nan, 0.04])
    np.testing.assert_allclose(adjusted, [0.02, np.nan, 0.04])
    assert holm([]).shape == (0,)


def test_a_p_value_out_of_range_is_refused():
    with pytest.raises(ValueError, match="p_values"):
        holm([0.5, 1.5])


def test_holm_keeps_the_rate_of_any_false_finding():
    values = np.random.default_rng(0).uniform(size=(4000, 5))
    assert np.mean([holm(row).min() <= 0.05 for row in values]) < 0.06
