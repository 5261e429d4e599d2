"""The state that members of a fit begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keras_mtl.training._initial_values import InitialValues
from keras_mtl.training._member_numbers import MemberNumbers

__all__ = ["MemberStart"]


@dataclass(frozen=True)
class MemberStart:
    """The state of members before their first step.

    Attributes:
        values: The values of their variables.
        weighting_states: The states of the weighting, (K, ...) by name.
        numbers: The numbers that differ between members.
    """

    values: InitialValues
    weighting_states: Mapping[str, np.ndarray]
    numbers: MemberNumbers

    def part(self, members: slice) -> MemberStart:
        """Return the state of some of several members."""
        return MemberStart(
            InitialValues(
                [each[members] for each in self.values.weights],
                [each[members] for each in self.values.statistics],
            ),
            {name: each[members] for name, each in self.weighting_states.items()},
            self.numbers.part(members),
        )
