"""Where training stands between two epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_mtl.errors import UserError

__all__ = ["Progress"]


@dataclass(frozen=True)
class Progress:
    """All that `fit_members` needs to go on after an epoch as if never stopped.

    Nothing here needs TensorFlow, so that what was kept is read and checked
    before it is loaded.

    Attributes:
        state: The values of a `MemberState`, flat, each with an axis of K
            members in front: tensors, or arrays when they come from a file.
        generators: The states of the members' sources of chance, as NumPy's
            `bit_generator.state` gives them.
        history: For each epoch that is over its values, (columns, K); NaN
            where a member had stopped before.
        latest: The last values of each member, (columns, K).

    Example:

    >>> generator = np.random.default_rng(0)
    >>> none = np.zeros((0, 1))
    >>> progress = Progress([], [generator.bit_generator.state], [none], none)
    >>> progress.epoch, int(generator.integers(100)), int(generator.integers(100))
    (1, 85, 63)
    >>> progress.set_generators([generator])
    >>> int(generator.integers(100))
    85
    """

    state: Sequence[Any]
    generators: Sequence[Mapping[str, Any]]
    history: Sequence[np.ndarray]
    latest: np.ndarray

    @property
    def epoch(self) -> int:
        """The epochs that are over."""
        return len(self.history)

    def state_like(self, template: Sequence[Any]) -> list[Any]:
        """Returns the state's values, after a look at their shapes and types.

        Args:
            template: The flat values of the state before the first epoch.

        Raises:
            UserError: When the values are those of another network.
        """
        expected = [_form(value) for value in template]
        received = [_form(value) for value in self.state]
        if received != expected:
            raise UserError(
                "The state to go on from: expected "
                f"{len(expected)} arrays of the shapes of this network's variables; "
                "received those of another one. Train from the beginning, without "
                "--resume."
            )
        return list(self.state)

    def set_generators(self, generators: Sequence[np.random.Generator]) -> None:
        """Sets sources of chance to where they stood."""
        for generator, state in zip(generators, self.generators, strict=True):
            generator.bit_generator.state = dict(state)


def _form(value: Any) -> tuple[tuple[int, ...], str]:
    name = getattr(value.dtype, "name", str(value.dtype))
    return tuple(value.shape), name
