"""Classes that both sides of a split need, and exchanges of groups for them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["ClassCoverage", "best_exchange"]

Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

CANDIDATES = 100
# The largest number of groups for a search. With more groups, a class rarely lacks any.
MOST_EXCHANGED = 2000


class ClassCoverage:
    """The classes that have to be on both sides of a split.

    A class is on a side if one of its groups is on that side. The held-out side needs
    one group of each class that has at least two groups. The other side needs
    `rest_groups` groups of each class, or all remaining ones, so that it can be split
    again. All rows together count as another class, so that no side is empty.

    Args:
        codes: The classes of each task, from 0, `(N,)`; -1 for a row without a class.
        groups: The group of each row, from 0, `(N,)`.
        rest_groups: The number of groups of a class that the other side needs.
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
        # All pairs of a class and a group of this class.
        self.classes = np.concatenate(classes)
        self.members = np.concatenate(members)
        self.totals = np.bincount(self.classes, minlength=class_count)
        self.held_need = np.where(self.totals > 1, 1, 0)
        self.rest_need = np.clip(self.totals - 1, 0, rest_groups)

    def count_lacking(self, choices: Truths) -> Integers:
        """Count the lacking groups of each choice, for choices of shape `(K, G)`.

        A side without enough groups of any class counts more than all other lacks.
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
        """Move groups in `held`, in place, until each class has its groups.

        The rarest class comes first. A group moves only if no other class lacks groups
        afterward. If single moves are not enough, several groups move at once. Finally,
        as many rows as possible move back.

        Args:
            held: Booleans: whether each group is held out, `(G,)`.
            sizes: The number of rows of each group, `(G,)`.
            target: The number of rows to hold out.
            generator: The random generator that chooses among groups.
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
        # First, each side needs groups of any class.
        if self._find_lacking(counts)[0]:
            self._mend(0, held, counts, sizes, generator, forced=True)
        rarest = np.flatnonzero(self._find_lacking(counts))
        rarest = rarest[np.argsort(self.totals[rarest], kind="stable")]
        for number in rarest:
            self._mend(int(number), held, counts, sizes, generator)
        self._exchange(held, counts, sizes)
        self._return(held, counts, sizes, target, generator)

    def _find_lacking(self, counts: Integers) -> Truths:
        """Return whether each class lacks groups, given its held-out count."""
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
        """Move a group to the other side, unless a class would then lack it."""
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
        """Move several groups at once if no single group can move.

        The search starts with the groups of the classes that lack groups, then adds the
        groups of all classes of these groups, and so on.
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
            # The counts on the held-out side from all other groups.
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
                # A side without enough groups is worse than a class that lacks groups.
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
        # Further tries are needed because classes may keep some candidates in place.
        tries = 10 * abs(surplus) + CANDIDATES
        for group in generator.permutation(candidates)[:tries]:
            if sizes[group] <= abs(surplus) and self._move(int(group), held, counts):
                surplus -= int(sizes[group]) * (1 if surplus > 0 else -1)
            if not surplus:
                return


# Limits a long search at the same point on every machine.
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
    """Choose the held-out groups again, by an integer program.

    The program minimizes first the number of lacking groups, and then the number of
    rows that change sides.

    Args:
        members: The group of each pair of a group and one of its classes, `(P,)`.
        classes: The class of each pair, `(P,)`.
        at_least: The smallest number of held-out groups of each class, `(C,)`.
        at_most: The largest number of held-out groups of each class, `(C,)`.
        held: Booleans: whether each group is held out so far, `(G,)`.
        sizes: The number of rows of each group, `(G,)`.
        weights: The weights of lacking groups by class, `(C,)`. Defaults to `None`:
            equal weights.

    Returns:
        Booleans: whether each group is held out, `(G,)`; `held` if the search found no
        choice.

    Example:

    The only group of class 1 is also in class 0, whose other group is held out.

    >>> best_exchange(
    ...     np.array([0, 1, 0]), np.array([0, 0, 1]), np.array([1, 1]),
    ...     np.array([1, 1]), np.array([False, True]), np.array([1, 1]),
    ... ).tolist()
    [True, False]
    """
    # Imported here, since the import is slow and rarely needed.
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array, hstack, identity

    numbers, rows = np.unique(classes, return_inverse=True)
    groups, count = len(held), len(numbers)
    having = coo_array((np.ones(len(members)), (rows, members)), shape=(count, groups))
    # Further variables: the lacking groups of each class on the held-out side, and on
    # the other side.
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
