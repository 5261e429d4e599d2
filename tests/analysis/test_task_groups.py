"""The grouping is the best of all, and agreement is that of ranks."""

import numpy as np
import pytest
from scipy import stats

from keras_mtl.analysis import affinity_agreement, group_tasks


def partitions(items):
    if not items:
        yield []
        return
    first, *rest = items
    for division in partitions(rest):
        yield [[first], *division]
        for index, group in enumerate(division):
            yield [*division[:index], [first, *group], *division[index + 1 :]]


def promised(matrix, division):
    total = 0.0
    for group in division:
        for onto in group:
            others = [matrix[task, onto] for task in group if task != onto]
            total += np.mean(others) if others else 0.0
    return total / len(matrix)


@pytest.mark.parametrize("seed", range(5))
def test_no_division_promises_more(seed):
    matrix = np.random.default_rng(seed).normal(size=(6, 6))
    names = [*"abcdef"]
    found = group_tasks(names, matrix)
    best = max(promised(matrix, division) for division in partitions(range(6)))
    assert found.exact
    assert found.gain == pytest.approx(best)
    own = [[names.index(name) for name in group] for group in found.groups]
    assert sorted(index for group in own for index in group) == list(range(6))
    assert promised(matrix, own) == pytest.approx(best)
    assert found.gain_together == pytest.approx(promised(matrix, [range(6)]))
    assert found.gain == pytest.approx(np.mean(list(found.task_gains.values())))


def blocks(sizes, inside=0.2, outside=-0.1):
    block = np.repeat(np.arange(len(sizes)), sizes)
    return np.where(block[:, None] == block[None, :], inside, outside)


@pytest.mark.parametrize("sizes", [(2, 2), (4, 5, 1), (6, 5, 4)])
def test_tasks_that_help_each_other_share_a_trunk(sizes):
    names = [f"task{i}" for i in range(sum(sizes))]
    found = group_tasks(names, blocks(sizes))
    assert sorted(map(len, found.groups)) == sorted(sizes)
    assert found.exact == (sum(sizes) <= 10)
    assert found.gain > found.gain_together


def test_tasks_that_hurt_each_other_stay_alone():
    for count in (4, 12):
        names = [f"task{i}" for i in range(count)]
        found = group_tasks(names, np.full((count, count), -0.1))
        assert found.groups == tuple((name,) for name in names)
        assert found.gain == 0


def test_where_nothing_is_promised_one_trunk_is_enough():
    found = group_tasks([*"abcd"], np.full((4, 4), np.nan))
    assert found.groups == (tuple("abcd"),)


def test_an_affinity_per_pair_is_expected():
    with pytest.raises(ValueError, match=r"\(3, 3\)"):
        group_tasks([*"abc"], np.zeros((3, 2)))


def test_agreement_is_spearmans_and_its_p_value_that_of_permutations():
    generator = np.random.default_rng(0)
    affinities, gains = generator.normal(size=(2, 5, 8))
    gains += affinities
    found = affinity_agreement(affinities, gains)
    means, measured = affinities.mean(axis=1), gains.mean(axis=1)
    assert found.correlation == pytest.approx(stats.spearmanr(means, measured)[0])
    test = stats.permutation_test(
        (means,),
        lambda order: abs(stats.spearmanr(order, measured)[0]),
        permutation_type="pairings",
        alternative="greater",
        n_resamples=np.inf,
    )
    assert found.p_value == pytest.approx(test.pvalue)
    assert -1 <= found.low <= found.correlation <= found.high <= 1


def test_unrelated_numbers_seldom_agree():
    generator = np.random.default_rng(1)
    found = [
        affinity_agreement(*generator.normal(size=(2, 6, 4))).p_value for _ in range(40)
    ]
    assert np.mean(np.array(found) <= 0.1) < 0.25
    assert 0.3 < np.mean(found) < 0.7


def test_fewer_than_three_tasks_tell_nothing():
    assert affinity_agreement([[0.1, 0.2], [0.0, 0.1]], [[1.0], [2.0]]) is None
    gains = [[0.1], [0.2], [np.nan]]
    assert affinity_agreement([[0.1], [0.2], [0.3]], gains) is None
