"""Choice of groups of rows to hold out, near a fraction of each stratum."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keras_mtl.splits._class_coverage import ClassCoverage

__all__ = ["hold_groups"]

Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

# The largest number of groups for which all choices are compared.
FEW_GROUPS = 12
# The number of large groups that are placed one by one; the others are placed together.
LARGE_GROUPS = 10_000


def hold_groups(
    strata: Integers,
    groups: Integers,
    coverage: ClassCoverage,
    target: float,
    generator: np.random.Generator,
) -> Truths:
    """Choose which groups to hold out.

    With few groups, all choices are compared: first by the classes that lack a
    side, then by the distance from the target, then by the balance of the
    strata. Otherwise the largest groups are placed one by one, each on the side that
    keeps the strata closest to their share. Small groups fill the rest, and groups
    change sides until the classes are covered.

    Args:
        strata: The stratum of each row, from 0, `(N,)`.
        groups: The group of each row, from 0 without gaps, `(N,)`.
        coverage: The classes that have to be on both sides.
        target: The number of rows to hold out.
        generator: The random generator that breaks ties and orders the groups.

    Returns:
        Booleans: whether each group is held out, `(G,)`.
    """
    sizes = np.bincount(groups)
    if len(sizes) <= FEW_GROUPS:
        return _best_choice(strata, groups, coverage, target, generator)
    held = _place(strata, groups, sizes, target, generator)
    _approach(held, sizes, target, generator)
    coverage.repair(held, sizes, target, generator)
    return held


def _best_choice(
    strata: Integers,
    groups: Integers,
    coverage: ClassCoverage,
    target: float,
    generator: np.random.Generator,
) -> Truths:
    count = int(groups.max()) + 1
    counts = np.zeros((count, int(strata.max()) + 1))
    np.add.at(counts, (groups, strata), 1)
    choices = (np.arange(1, 2**count - 1)[:, None] >> np.arange(count)) & 1
    generator.shuffle(choices)
    lacking = coverage.count_lacking(choices.astype(bool))
    distance = np.abs(choices @ counts.sum(axis=1) - target)
    shares = counts.sum(axis=0) * (target / len(groups))
    imbalance = ((choices @ counts - shares) ** 2 / shares).sum(axis=1)
    best = np.lexsort((imbalance.round(9), distance.round(9), lacking))[0]
    best_choice: Truths = choices[best].astype(bool)
    return best_choice


def _place(
    strata: Integers,
    groups: Integers,
    sizes: Integers,
    target: float,
    generator: np.random.Generator,
) -> Truths:
    rows = len(groups)
    fraction = target / rows
    count = len(sizes)
    # The rarest stratum first: it represents a small group of several strata.
    rank = np.argsort(np.argsort(np.bincount(strata), kind="stable"))
    strata = rank[strata]
    totals = np.bincount(strata)
    held = np.zeros(count, bool)
    # All pairs of a group and a stratum with common rows, and the number of these rows.
    meeting, shared = np.unique(groups * len(totals) + strata, return_counts=True)
    group_of, stratum_of = np.divmod(meeting, len(totals))
    first = np.searchsorted(group_of, np.arange(count + 1))

    order = generator.permutation(count)
    order = order[np.argsort(-sizes[order], kind="stable")]
    large = order[:LARGE_GROUPS][sizes[order[:LARGE_GROUPS]] > 1]
    # The held-out rows of each stratum in excess of its share of the placed rows.
    excess = np.zeros(len(totals))
    for group in large:
        span = slice(first[group], first[group + 1])
        met, found = stratum_of[span], shared[span]
        without = excess[met] - fraction * found
        with_it = without + found
        weight = 1.0 / totals[met]
        total = excess.sum() - fraction * sizes[group]
        # The strata, with all rows as another stratum.
        gain = (weight * (without**2 - with_it**2)).sum()
        gain += (total**2 - (total + sizes[group]) ** 2) / rows
        held[group] = gain > 0
        excess[met] = with_it if held[group] else without

    small = generator.permutation(order[len(large) :])
    if len(small):
        of_small = stratum_of[first[small]]
        rows_of = np.bincount(of_small, sizes[small], minlength=len(totals))
        left = round(target) - int(sizes[held].sum())
        wanted = _round(fraction * rows_of - excess, left, generator)
        held[small] = _fill(of_small, sizes[small], wanted)
    return held


def _round(
    wanted: NDArray[Any], total: int, generator: np.random.Generator
) -> NDArray[Any]:
    """Round to integers of the given sum; the largest fractions are rounded up."""
    floors: NDArray[Any] = np.floor(wanted)
    rests = wanted - floors
    ups = max(0, total - int(floors.sum()))
    order = generator.permutation(len(wanted))
    order = order[np.argsort(-rests[order].round(9), kind="stable")]
    floors[order[:ups]] += 1
    return floors


def _fill(strata: Integers, sizes: Integers, wanted: NDArray[Any]) -> Truths:
    """Hold out the first groups of each stratum until it has the wanted rows."""
    order = np.argsort(strata, kind="stable")
    ends = np.cumsum(sizes[order])
    starts = ends - sizes[order]
    sorted_strata = strata[order]
    begins = starts[np.searchsorted(sorted_strata, sorted_strata)]
    taken = np.empty(len(sizes), bool)
    middle = starts - begins + sizes[order] / 2
    taken[order] = middle <= wanted[sorted_strata]
    return taken


def _approach(
    held: Truths, sizes: Integers, target: float, generator: np.random.Generator
) -> None:
    """Move small groups to the other side until the target is near."""
    order = generator.permutation(len(sizes))
    order = order[np.argsort(sizes[order], kind="stable")]
    for size in np.unique(sizes)[::-1]:
        missing = round(target) - int(sizes[held].sum())
        moves = abs(missing) // int(size)
        if moves:
            side = order[(held[order] != (missing > 0)) & (sizes[order] == size)]
            held[side[:moves]] = missing > 0
