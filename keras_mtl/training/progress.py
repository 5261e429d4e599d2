"""State of training between two epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_mtl.errors import UserError

__all__ = ["Progress"]


@dataclass(frozen=True)
class Progress:
    """State of `fit_members` after an epoch, from which it can be resumed.

    This module does not need TensorFlow, so that a checkpoint can be read and checked
    before TensorFlow is imported.

    Attributes:
        state: The flat values of a `MemberState`, whose first axis is the K members:
            tensors, or arrays if they come from a file.
        generators: The states of the members' random generators, as in NumPy's
            `bit_generator.state`.
        history: The values of each finished epoch, (columns, K); NaN after a member has
            stopped.
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
        """The number of finished epochs."""
        return len(self.history)

    def state_like(self, template: Sequence[Any]) -> list[Any]:
        """Return the values of the state, after a check of their shapes and types.

        Args:
            template: The flat values of the state before the first epoch.

        Raises:
            UserError: If the values belong to another network.
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
        """Set random generators to their saved states."""
        for generator, state in zip(generators, self.generators, strict=True):
            generator.bit_generator.state = dict(state)


def _form(value: Any) -> tuple[tuple[int, ...], str]:
    name = getattr(value.dtype, "name", str(value.dtype))
    return tuple(value.shape), name
