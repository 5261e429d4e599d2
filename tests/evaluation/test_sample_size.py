"""Rows that it takes to see a difference."""

import numpy as np
import pytest

from keras_mtl.evaluation import compare_paired, rows_to_detect


def draw(generator, rows, splits=20, effect=0.0):
    """Differences whose variance falls as 1 / rows."""
    return effect + generator.normal(size=splits) / np.sqrt(rows)


def test_at_the_rows_found_the_difference_shows_as_often_as_promised():
    generator = np.random.default_rng(0)
    wide = compare_paired(draw(generator, 500, 2000), 1e-9, 0.0)
    needed = rows_to_detect(wide, 500, effect=0.01)
    # With independent splits, the variance of the mean is that of one / splits.
    assert needed.rows == pytest.approx(7.85 / 2000 / 0.01**2, rel=0.05)
    seen = [
        compare_paired(
            draw(generator, needed.rows, 2000, effect=0.01), 1e-9, 0.0
        ).p_value
        <= 0.05
        for _ in range(400)
    ]
    assert 0.74 < np.mean(seen) < 0.86


def test_the_interval_covers_the_true_number_as_often_as_promised():
    generator = np.random.default_rng(0)
    truth = rows_to_detect(
        compare_paired(np.tile([1.0, -1.0], 10) * np.sqrt(19 / 20 / 500), 0.2, 0.0),
        500,
        effect=0.02,
    ).rows
    covered = []
    for _ in range(400):
        found = compare_paired(draw(generator, 500), 0.2, 0.0)
        needed = rows_to_detect(found, 500, effect=0.02)
        covered.append(needed.low <= truth <= needed.high)
    assert 0.74 < np.mean(covered) < 0.86


def test_half_the_difference_takes_four_times_the_rows():
    found = compare_paired([0.02, -0.02, 0.03, -0.01, 0.01], 0.2, 0.01)
    one, half = (rows_to_detect(found, 300, effect=e).rows for e in (0.02, 0.01))
    assert half == pytest.approx(4 * one)


@pytest.mark.parametrize("tests", [1, 2, 20])
def test_what_does_not_show_takes_more_rows_than_there_are(tests):
    generator = np.random.default_rng(0)
    for _ in range(50):
        found = compare_paired(draw(generator, 500, effect=0.02), 0.2, 0.0)
        needed = rows_to_detect(found, 500, tests=tests).rows
        # Of Holm's corrections the one of the smallest p value is the strictest.
        if found.p_value * tests > 0.05:
            assert needed > 500
        if found.p_value * tests < 1e-3:
            assert needed < 500


def test_subsamples_measure_how_the_variance_falls():
    generator = np.random.default_rng(0)
    found = compare_paired(generator.normal(size=2000) * 500**-0.35, 0.2, 0.0)
    smaller = {n: generator.normal(size=2000) * n**-0.35 for n in (125, 250)}
    needed = rows_to_detect(found, 500, effect=0.1, subsamples=smaller)
    assert needed.exponent == pytest.approx(0.7, abs=0.1)
    plain = rows_to_detect(found, 500, effect=0.1)
    assert needed.rows > plain.rows
    assert needed.high / needed.low > plain.high / plain.low


def test_a_difference_too_small_to_matter_is_not_sought():
    found = compare_paired([0.001, -0.001, 0.002], 0.2, 0.01)
    assert rows_to_detect(found, 100).effect == 0.01


def test_without_spread_or_effect_nothing_can_be_told():
    assert rows_to_detect(compare_paired([0.1, 0.1], 0.2, 0.01), 100) is None
    assert rows_to_detect(compare_paired([0.1], 0.2, 0.01), 100) is None
    assert rows_to_detect(compare_paired([-0.1, 0.1], 0.2, 0.0), 100) is None


@pytest.mark.parametrize(
    "arguments", [{"power": 1.0}, {"level": 0.0}, {"rows": 0}, {"tests": 0}]
)
def test_an_argument_out_of_range_is_refused(arguments):
    found = compare_paired([0.1, 0.2], 0.2, 0.01)
    with pytest.raises(ValueError, match=next(iter(arguments))):
        rows_to_detect(found, **{"rows": 100, **arguments})
