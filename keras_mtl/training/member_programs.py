"""Compiled programs of earlier fits, for fits of the same shapes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_mtl.engine.member_groups import MemberGroups
from keras_mtl.training._initial_values import InitialValues, initial_values
from keras_mtl.training._member_numbers import MemberNumbers
from keras_mtl.training._member_start import MemberStart

__all__ = ["MemberProgram", "MemberPrograms"]


@dataclass(frozen=True)
class MemberProgram:
    """A compiled epoch of members, and all that it changes.

    Attributes:
        groups: The epoch, of one group of members or of several.
        numbers: For each group what tells its members apart.
    """

    groups: MemberGroups
    numbers: Sequence[MemberNumbers]

    @property
    def size(self) -> int:
        """The bytes of its variables."""
        return sum(
            int(np.prod(each.shape)) * np.dtype(each.dtype).itemsize
            for variables in self.groups.state_variables()
            for each in variables
        )

    def restart(self, start: MemberStart) -> None:
        """Begins anew with other members, as if the program were new.

        Args:
            start: The state that the members begin with.
        """
        for program, part, numbers in zip(
            self.groups.programs, self.groups.slices, self.numbers, strict=True
        ):
            own = start.part(part)
            numbers.assign(own.numbers)
            trainer = program.trainer
            for variables, values in (
                (trainer.weights, own.values.weights),
                (trainer.statistics, own.values.statistics),
            ):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)
            for name, variable in trainer.weighting_state.items():
                variable.assign(own.weighting_states[name])
            for variable in trainer.optimizer.variables:
                # The rate that Keras keeps is not that of members.
                if variable is not trainer.optimizer._learning_rate:
                    variable.assign(keras.ops.zeros_like(variable))
            if program.best is not None:
                program.best.restart()


class MemberPrograms:
    """Compiled programs that `fit_members` uses again.

    To trace and to compile a program takes seconds: as long as a short fit of a
    small network. A fit of as many members of the same architecture, rows and
    settings takes the program of an earlier fit, with its own numbers, such as
    learning rates, in it, and gives what it gives with a program of its own.

    Args:
        most: How many programs are kept: those that were used last.
        most_bytes: How many bytes their variables may have together. A program that
            has more alone is not kept.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> from keras_mtl.training import MemberSettings, TrainingSettings, fit_members
    >>> x = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")
    >>> y = {"heart": (x[:, 0] > 0).astype("float32")}
    >>> programs = MemberPrograms()
    >>> for rates in ([1e-3, 1e-2], [1e-4, 1e-1]):
    ...     model = build_hard_sharing(2, [BinaryTask("heart")], trunk=(4,))
    ...     own = MemberSettings(learning_rate=rates)
    ...     settings = TrainingSettings(epochs=2)
    ...     fit = fit_members(model, x, y, settings, own=own, programs=programs)
    >>> len(programs), programs.used_again
    (1, 1)
    """

    def __init__(self, most: int = 8, most_bytes: int = 2**28) -> None:
        self.most, self.most_bytes = most, most_bytes
        self.used_again = 0
        self._programs: OrderedDict[str, MemberProgram] = OrderedDict()
        self._drawn: tuple[str, InitialValues] | None = None

    def __len__(self) -> int:
        return len(self._programs)

    def find(self, key: str) -> MemberProgram | None:
        """Returns the program of a key, or None."""
        if key not in self._programs:
            return None
        self._programs.move_to_end(key)
        self.used_again += 1
        return self._programs[key]

    def keep(self, key: str, program: MemberProgram) -> None:
        """Keeps a program, and lets go of those that were not used for longest."""
        if program.size > self.most_bytes:
            return
        self._programs[key] = program
        while (
            len(self._programs) > self.most
            or sum(each.size for each in self._programs.values()) > self.most_bytes
        ):
            self._programs.popitem(last=False)

    def initial_values(
        self, model: Any, seed: int, numbers: Sequence[int]
    ) -> InitialValues:
        """Does what `initial_values` does, and remembers the last of them."""
        key = f"{seed} {list(numbers)} {type(model)} {model.to_json()}"
        if self._drawn is None or self._drawn[0] != key:
            self._drawn = key, initial_values(model, seed, numbers)
        return self._drawn[1]
