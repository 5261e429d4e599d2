"""Differences over the splits of a cross-validation."""

import numpy as np
import pytest
from scipy import stats

from keras_mtl.evaluation import compare_paired


def gallery(differences, n_train, n_test):
    """The formulas of scikit-learn's example plot_grid_search_stats."""
    n = len(differences)
    std = np.sqrt(np.var(differences, ddof=1) * (1 / n + n_test / n_train))
    t = np.mean(differences) / std
    return std, 2 * stats.t.sf(abs(t), n - 1), stats.t(n - 1, np.mean(differences), std)


def test_agrees_with_the_formulas_of_scikit_learns_gallery():
    differences = np.random.default_rng(0).normal(0.01, 0.03, 20)
    found = compare_paired(differences, 0.2, equivalence=0.01)
    std, p_value, posterior = gallery(differences, 80, 20)
    assert found.standard_error == pytest.approx(std)
    assert found.p_value == pytest.approx(p_value)
    assert (found.low, found.high) == pytest.approx(posterior.interval(0.95))
    assert found.helps == pytest.approx(1 - posterior.cdf(0.01))
    assert found.hurts == pytest.approx(posterior.cdf(-0.01))
    assert found.helps + found.hurts + found.no_difference == pytest.approx(1)


def test_the_other_way_round_exchanges_helps_and_hurts():
    differences = np.random.default_rng(1).normal(0.02, 0.03, 10)
    found = compare_paired(differences, 0.2, 0.01)
    turned = compare_paired(-differences, 0.2, 0.01)
    assert (turned.hurts, turned.helps) == (found.helps, found.hurts)
    assert (turned.low, turned.high) == (-found.high, -found.low)
    assert turned.p_value == found.p_value


def test_a_failed_split_is_counted_and_not_dropped_in_silence():
    found = compare_paired([0.01, np.nan, 0.03, 0.02, np.inf], 0.2, 0.01)
    kept = compare_paired([0.01, 0.03, 0.02], 0.2, 0.01)
    assert (found.splits, found.failed, len(found.differences)) == (3, 2, 5)
    assert (found.mean, found.low, found.helps) == (kept.mean, kept.low, kept.helps)


@pytest.mark.parametrize("differences", [[], [0.1], [np.nan, np.nan]])
def test_fewer_than_two_splits_give_no_interval(differences):
    found = compare_paired(differences, 0.2, 0.01)
    assert np.isnan([found.low, found.high, found.p_value, found.helps]).all()


@pytest.mark.parametrize(
    ("value", "p_value", "probabilities"),
    [(0.0, 1, (0, 1, 0)), (0.1, 0, (0, 0, 1)), (-0.1, 0, (1, 0, 0))],
)
def test_differences_without_spread_leave_no_doubt(value, p_value, probabilities):
    found = compare_paired([value] * 5, 0.2, 0.01)
    assert found.low == found.high == found.mean
    assert found.p_value == p_value
    assert (found.hurts, found.no_difference, found.helps) == probabilities


def test_correlated_differences_without_an_effect_are_seldom_called_one():
    # Differences over splits have about the correlation test_share.
    generator = np.random.default_rng(0)
    common = generator.normal(size=(4000, 1)) * np.sqrt(0.2)
    draws = common + generator.normal(size=(4000, 20)) * np.sqrt(0.8)
    rejected = np.mean([compare_paired(d, 0.2, 0.0).p_value <= 0.05 for d in draws])
    naive = np.mean(stats.ttest_1samp(draws, 0, axis=1).pvalue <= 0.05)
    assert 0.03 < rejected < 0.06
    assert naive > 0.3


@pytest.mark.parametrize(
    "arguments",
    [
        {"test_share": 0.0},
        {"test_share": 1.0},
        {"equivalence": -0.1},
        {"equivalence": np.nan},
        {"level": 1.0},
    ],
)
def test_an_argument_out_of_range_is_refused(arguments):
    given = {"test_share": 0.2, "equivalence": 0.01, **arguments}
    with pytest.raises(ValueError, match=next(iter(arguments))):
        compare_paired([0.1, 0.2], **given)
