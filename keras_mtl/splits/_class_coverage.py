"""Classes that both sides of a split need, and exchanges of groups that give them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["ClassCoverage", "best_exchange"]

Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

CANDIDATES = 100
# Among more groups a class that lacks some is so rare a case that the time of a
# search is not worth it.
MOST_EXCHANGED = 2000


class ClassCoverage:
    """The classes that have to be on both sides of a split.

    A class is on a side if one of its groups is. The held side needs one group
    of each class that has at least two. The other side needs `rest_groups` of
    them, or as many as there are, so that it can be split again. All rows
    together count as one more class, so that no side is empty.

    Args:
        codes: `(N,)` classes for each task, from 0; -1 where a row has none.
        groups: `(N,)` group of each row, from 0.
        rest_groups: How many groups of a class the other side needs.
    """

    def __init__(
        self, codes: Sequence[Integers], groups: Integers, rest_groups: int = 2
    ) -> None:
        self.group_count = int(groups.max()) + 1
        classes = [np.zeros(self.group_count, np.int64)]
        members = [np.arange(self.group_count)]
        class_count = 1
        for code in codes:
            known = code >= 0
            pairs = pd.unique(code[known] * self.group_count + groups[known])
            numbers, in_group = np.divmod(pairs, self.group_count)
            classes.append(numbers + class_count)
            members.append(in_group)
            class_count += int(code.max(initial=-1)) + 1
        # Each class with each group that has it.
        self.classes = np.concatenate(classes)
        self.members = np.concatenate(members)
        self.totals = np.bincount(self.classes, minlength=class_count)
        self.held_need = np.where(self.totals > 1, 1, 0)
        self.rest_need = np.clip(self.totals - 1, 0, rest_groups)

    def count_lacking(self, choices: Truths) -> Integers:
        """Count, for each of `(K, G)` choices, the groups that a side lacks.

        A side without enough groups of any class counts more than all others.
        """
        having = np.zeros((self.group_count, len(self.totals)))
        having[self.members, self.classes] = 1
        held = choices.astype(float) @ having
        lacking = np.maximum(self.held_need - held, 0)
        lacking += np.maximum(self.rest_need - (self.totals - held), 0)
        lacking[:, 0] *= self.held_need.sum() + self.rest_need.sum()
        total: Integers = lacking.sum(axis=1).astype(np.int64)
        return total

    def repair(
        self,
        held: Truths,
        sizes: Integers,
        target: float,
        generator: np.random.Generator,
    ) -> None:
        """Move groups in `held`, in place, until each class has its need.

        The rarest class comes first. A group moves only if no other class
        comes to lack what it had; where that is not enough, several move at
        once. Then as many rows as possible go back.

        Args:
            held: `(G,)` truth values: whether a group is held out.
            sizes: `(G,)` number of rows of each group.
            target: How many rows to hold out.
            generator: Chooses among the groups.
        """
        counts = np.bincount(
            self.classes, weights=held[self.members], minlength=len(self.totals)
        ).astype(np.int64)
        if not self._find_lacking(counts).any():
            return
        order = np.argsort(self.members, kind="stable")
        self._by_group = self.classes[order]
        self._first = np.searchsorted(
            self.members[order], np.arange(self.group_count + 1)
        )
        # First of all, each side needs groups, whatever their classes.
        if self._find_lacking(counts)[0]:
            self._mend(0, held, counts, sizes, generator, forced=True)
        rarest = np.flatnonzero(self._find_lacking(counts))
        rarest = rarest[np.argsort(self.totals[rarest], kind="stable")]
        for number in rarest:
            self._mend(int(number), held, counts, sizes, generator)
        self._exchange(held, counts, sizes)
        self._return(held, counts, sizes, target, generator)

    def _find_lacking(self, counts: Integers) -> Truths:
        """Return which classes lack groups, from their counts on the held-out side."""
        return (counts < self.held_need) | (self.totals - counts < self.rest_need)

    def _mend(
        self,
        number: int,
        held: Truths,
        counts: Integers,
        sizes: Integers,
        generator: np.random.Generator,
        forced: bool = False,
    ) -> None:
        members = self.members[self.classes == number]
        to_hold = bool(counts[number] < self.held_need[number])
        candidates = members[held[members] != to_hold]
        candidates = generator.permutation(candidates)
        smallest = np.argsort(sizes[candidates], kind="stable")
        for group in candidates[smallest[: None if forced else CANDIDATES]]:
            if not self._find_lacking(counts)[number]:
                return
            self._move(int(group), held, counts, forced)

    def _move(
        self, group: int, held: Truths, counts: Integers, forced: bool = False
    ) -> bool:
        """Move a group to the other side, unless a class then lacks it."""
        having = self._by_group[self._first[group] : self._first[group + 1]]
        if held[group]:
            spare = counts[having] > self.held_need[having]
        else:
            rest = self.totals[having] - counts[having]
            spare = rest > self.rest_need[having]
        if not (forced or spare.all()):
            return False
        counts[having] += -1 if held[group] else 1
        held[group] = not held[group]
        return True

    def _exchange(self, held: Truths, counts: Integers, sizes: Integers) -> None:
        """Move several groups at once where no single one can move.

        The groups of the classes that still lack some are looked at, then those
        of all classes that these belong to, and so on.
        """
        seen = self._find_lacking(counts)
        while seen.any():
            groups = np.unique(self.members[seen[self.classes]])
            if len(groups) > MOST_EXCHANGED:
                return
            among = np.zeros(self.group_count, bool)
            among[groups] = True
            pair = among[self.members]
            numbers = np.arange(len(counts))
            # What stays on the held side whatever these groups do.
            fixed = counts - np.bincount(
                self.classes[pair],
                weights=held[self.members[pair]],
                minlength=len(counts),
            ).astype(np.int64)
            held[groups] = best_exchange(
                np.searchsorted(groups, self.members[pair]),
                self.classes[pair],
                self.held_need - fixed,
                self.totals - self.rest_need - fixed,
                held[groups],
                sizes[groups],
                # A side without enough groups is worse than any class that lacks some.
                1 + (self.held_need.sum() + self.rest_need.sum()) * (numbers == 0),
            )
            counts[:] = np.bincount(
                self.classes, weights=held[self.members], minlength=len(counts)
            )
            more = np.zeros_like(seen)
            more[self.classes[pair]] = True
            if not self._find_lacking(counts).any() or (more == seen).all():
                return
            seen = more

    def _return(
        self,
        held: Truths,
        counts: Integers,
        sizes: Integers,
        target: float,
        generator: np.random.Generator,
    ) -> None:
        surplus = int(sizes[held].sum()) - round(target)
        candidates = np.flatnonzero(held == (surplus > 0))
        candidates = candidates[sizes[candidates] <= abs(surplus)]
        # As many tries as there may be groups that a class holds in place.
        tries = 10 * abs(surplus) + CANDIDATES
        for group in generator.permutation(candidates)[:tries]:
            if sizes[group] <= abs(surplus) and self._move(int(group), held, counts):
                surplus -= int(sizes[group]) * (1 if surplus > 0 else -1)
            if not surplus:
                return


# Ends a search that takes too long, at the same point on any machine.
MOST_NODES = 200


def best_exchange(
    members: Integers,
    classes: Integers,
    at_least: Integers,
    at_most: Integers,
    held: Truths,
    sizes: Integers,
    weights: Integers | None = None,
) -> Truths:
    """Choose anew which groups are held out.

    An integer program: first of all as few groups as possible are lacking,
    then as few rows as possible change sides.

    Args:
        members: `(P,)` groups, one for each pair of a group and a class of it.
        classes: `(P,)` classes of these pairs.
        at_least: `(C,)` groups of each class that have to be held out.
        at_most: `(C,)` groups of each class that may be held out.
        held: `(G,)` truth values: which groups are held out so far.
        sizes: `(G,)` number of rows of each group.
        weights: `(C,)` weights of the groups that a class lacks. Defaults to
            `None`: each weighs the same.

    Returns:
        `(G,)` truth values; those of before where the search found none.

    Example:

    The one group of class 1 is in class 0 too, whose other group is held out.

    >>> best_exchange(
    ...     np.array([0, 1, 0]), np.array([0, 0, 1]), np.array([1, 1]),
    ...     np.array([1, 1]), np.array([False, True]), np.array([1, 1]),
    ... ).tolist()
    [True, False]
    """
    # Loads slowly, and is rarely needed.
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array, hstack, identity

    numbers, rows = np.unique(classes, return_inverse=True)
    groups, count = len(held), len(numbers)
    having = coo_array((np.ones(len(members)), (rows, members)), shape=(count, groups))
    # Beside the groups: what each class lacks on the held side, and on the other.
    one = identity(count)
    constraint = LinearConstraint(
        hstack([having, one, -one]), at_least[numbers], at_most[numbers]
    )
    rows_moved = np.where(held, -sizes, sizes)
    lacking = np.full(2 * count, 1.0 + sizes.sum())
    if weights is not None:
        lacking *= np.tile(weights[numbers], 2)
    found = milp(
        np.concatenate([rows_moved, lacking]),
        constraints=constraint,
        bounds=Bounds(0, np.concatenate([np.ones(groups), np.full(2 * count, np.inf)])),
        integrality=np.concatenate([np.ones(groups), np.zeros(2 * count)]),
        options={"node_limit": MOST_NODES},
    )
    return held if found.x is None else found.x[:groups] > 0.5
