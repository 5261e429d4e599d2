"""Each proximal operator gives the minimum that it is defined by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from keras_mtl.linear import (
    Clustered,
    Dirty,
    GroupSparse,
    Lasso,
    LowRank,
    MeanRegularised,
    Ridge,
)
from keras_mtl.linear.proximal import capped_shares, clip_rows

PENALTIES = [
    Lasso(),
    GroupSparse(),
    Dirty(shared=1.7),
    LowRank(),
    Ridge(),
    MeanRegularised(ridge=0.2),
    Clustered(clusters=2, ridge=0.3),
]
MATRICES = arrays(float, (4, 3), elements=st.floats(-5, 5, width=32))
STRENGTHS = st.floats(0.01, 5.0)


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda each: type(each).__name__)
@settings(max_examples=30, deadline=None)
@given(matrix=MATRICES, strength=STRENGTHS, other=MATRICES)
def test_no_other_point_is_better(penalty, matrix, strength, other):
    """The objective is strongly convex: it grows from its minimum as a parabola."""
    penalty = penalty.with_strength(strength)
    variable = np.stack([matrix, matrix[::-1]])[: penalty.parts]

    def objective(point):
        return penalty.value(point) + 0.5 * ((point - variable) ** 2).sum()

    found = penalty.prox(variable, 1.0)
    lowest = objective(found)
    away = np.stack([other, other[::-1]])[: penalty.parts]
    for size in (1e-3, 0.1, 1.0):
        point = found + size * away
        excess = objective(point) - lowest - 0.5 * ((point - found) ** 2).sum()
        assert excess >= -1e-7 * max(1.0, abs(lowest))


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda each: type(each).__name__)
@settings(max_examples=20, deadline=None)
@given(first=MATRICES, second=MATRICES)
def test_it_brings_no_two_points_apart(penalty, first, second):
    one = np.stack([first] * penalty.parts)
    two = np.stack([second] * penalty.parts)
    distance = np.linalg.norm(penalty.prox(one, 0.7) - penalty.prox(two, 0.7))
    assert distance <= np.linalg.norm(one - two) + 1e-8


@given(matrix=MATRICES, threshold=STRENGTHS)
def test_what_clipped_rows_lose_is_in_the_ball(matrix, threshold):
    lost = np.abs(matrix - clip_rows(matrix, threshold)).sum(axis=1)
    whole = np.abs(matrix).sum(axis=1)
    np.testing.assert_allclose(lost, np.minimum(whole, threshold), atol=1e-9)


@given(
    sizes=arrays(float, 5, elements=st.floats(0.01, 10)),
    offset=st.floats(0.05, 2),
    total=st.integers(1, 4),
)
def test_shares_have_their_sum_and_follow_the_sizes(sizes, offset, total):
    shares = capped_shares(sizes, offset, total)
    assert shares.sum() == pytest.approx(total)
    assert ((shares >= 0) & (shares <= 1)).all()
    order = np.argsort(sizes)
    assert (np.diff(shares[order]) >= -1e-9).all()


def test_the_least_strength_of_zeros_is_the_least():
    gradient = np.random.default_rng(0).normal(size=(6, 3))
    for penalty in (Lasso(), GroupSparse(), Dirty(shared=1.7), LowRank()):
        least = penalty.zero_from(gradient)
        variable = np.stack([gradient] * penalty.parts)
        above = penalty.with_strength(1.0001 * least).prox(variable, 1.0)
        below = penalty.with_strength(0.9999 * least).prox(variable, 1.0)
        assert np.abs(above).max() < 1e-12
        assert np.abs(below).max() > 0
