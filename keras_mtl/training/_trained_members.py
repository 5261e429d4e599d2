"""Members that are models once they are asked for."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from typing import overload

import numpy as np

from keras_mtl.engine.training_graph import (
    set_dropout_rates,
    statistics,
)
from keras_mtl.model.multi_task_model import MultiTaskModel
from keras_mtl.training._initial_values import member_seed

__all__ = ["TrainedMembers"]


class TrainedMembers(Sequence[MultiTaskModel]):
    """A sequence of members, of which each is made when it is first asked for.

    To make a model takes a tenth of a second: much for hundreds of members of
    which the history tells enough, or of which a few are wanted.

    Args:
        model: The architecture.
        seed: See `fit_members`.
        numbers: Which members of the seed they are.
        weights: For each trainable variable the members' values, (K, ...).
        kept: For each other variable likewise, without the states of random
            layers.
        dropout_rates: By a layer's name the members' rates, (K,).
    """

    def __init__(
        self,
        model: MultiTaskModel,
        seed: int,
        numbers: Sequence[int],
        weights: Sequence[np.ndarray],
        kept: Sequence[np.ndarray],
        dropout_rates: Mapping[str, Sequence[float]],
    ) -> None:
        self._kind, self._config = type(model), model.get_config()
        self._seeds = [member_seed(seed, number) for number in numbers]
        self._weights, self._kept = weights, kept
        self._dropout_rates = dropout_rates
        self._made: dict[int, MultiTaskModel] = {}

    def __len__(self) -> int:
        return len(self._seeds)

    @overload
    def __getitem__(self, index: int) -> MultiTaskModel: ...

    @overload
    def __getitem__(self, index: slice) -> list[MultiTaskModel]: ...

    def __getitem__(self, index):
        place = range(len(self))[index]
        if isinstance(place, range):
            return [self[each] for each in place]
        if place not in self._made:
            self._made[place] = self._make(place)
        return self._made[place]

    def _make(self, place: int) -> MultiTaskModel:
        # Layers draw their seeds from Python's generator: the member's own, and
        # what a program draws elsewhere does not depend on when it is made.
        before = random.getstate()
        random.seed(self._seeds[place])
        try:
            # Some of Keras's layers take what they are given to pieces.
            model = self._kind.from_config(copy.deepcopy(self._config))
        finally:
            random.setstate(before)
        self.copy_weights(place, model)
        rates = {name: float(each[place]) for name, each in self._dropout_rates.items()}
        set_dropout_rates(model, rates)
        return model

    def copy_weights(self, place: int, model: MultiTaskModel) -> None:
        """Give a model of the same architecture what a member has learned.

        To predict with hundreds of members, one after the other, this is much
        faster than to make each.

        Args:
            place: The member's position.
            model: Any member, or a model of the same configuration.
        """
        for variables, values in (
            (model.trainable_variables, self._weights),
            (statistics(model), self._kept),
        ):
            for variable, stack in zip(variables, values, strict=True):
                variable.assign(stack[place])
