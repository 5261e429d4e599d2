"""Which groups change sides so that as few classes as possible lack one."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_exchange"]

Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

# Ends a search that takes too long, at the same point on any machine.
MOST_NODES = 200


def best_exchange(
    members: Integers,
    classes: Integers,
    at_least: Integers,
    at_most: Integers,
    held: Truths,
    sizes: Integers,
) -> Truths:
    """Chooses anew which groups are held out.

    An integer program: first of all as few groups as possible are lacking,
    then as few rows as possible change sides.

    Args:
        members: `(P,)` groups, one for each pair of a group and a class of it.
        classes: `(P,)` classes of these pairs.
        at_least: `(C,)` groups of each class that have to be held out.
        at_most: `(C,)` groups of each class that may be held out.
        held: `(G,)` truth values: which groups are held out so far.
        sizes: `(G,)` number of rows of each group.

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
    found = milp(
        np.concatenate([rows_moved, lacking]),
        constraints=constraint,
        bounds=Bounds(0, np.concatenate([np.ones(groups), np.full(2 * count, np.inf)])),
        integrality=np.concatenate([np.ones(groups), np.zeros(2 * count)]),
        options={"node_limit": MOST_NODES},
    )
    return held if found.x is None else found.x[:groups] > 0.5
