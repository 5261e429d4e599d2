"""How a fit updates its members: the optimizer, layers' rates, and the best epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from keras_mtl.engine.best_weights import BestWeights
from keras_mtl.engine.member_optimizer import (
    cosine_rates,
    kernel_decay_adam,
    member_optimizer,
    one_member_optimizer,
)
from keras_mtl.engine.trainer import Trainer
from keras_mtl.model.multi_task_model import MultiTaskModel
from keras_mtl.training._member_numbers import MemberNumbers
from keras_mtl.training.member_settings import MemberSettings
from keras_mtl.training.settings import TrainingSettings

__all__ = ["UpdateRules"]


@dataclass(frozen=True)
class UpdateRules:
    """How a fit updates its members, and which update of each member it keeps.

    Attributes:
        settings: The settings of the training.
        own: The settings that differ between members.
        optimizer: A Keras optimizer in place of AdamW; None for AdamW.
        layer_rates: By position of a trainable variable the factor of its learning
            rate.
        uncounted_epochs: The number of first epochs after which no member stops, and
            whose weights are not kept.
    """

    settings: TrainingSettings
    own: MemberSettings
    optimizer: keras.optimizers.Optimizer | None
    layer_rates: Mapping[int, keras.Variable]
    uncounted_epochs: int

    def best_weights(self, trainer: Trainer) -> BestWeights:
        """Create what keeps the best weights of a trainer's members."""
        return BestWeights(trainer, self.settings.patience, self.uncounted_epochs)

    def make_optimizer(
        self,
        model: MultiTaskModel,
        members: int | None,
        numbers: MemberNumbers,
        weights: Sequence[keras.Variable],
    ) -> Any:
        """Create the optimizer of some members.

        Args:
            model: The architecture.
            members: The number of members; None for one model without an axis.
            numbers: The numbers of these members, in variables.
            weights: Their trainable variables.
        """
        if self.optimizer is not None:
            return self._given_optimizer(model, members, weights)
        cosine = self.settings.schedule == "cosine"
        rates = numbers.learning_rate
        if members is None:
            rate = float(rates.numpy())
            schedule: Any = rate
            if cosine:
                steps = int(numbers.steps.numpy())
                schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
            decay = float(numbers.weight_decay.numpy())
            return kernel_decay_adam(schedule, decay, weights)
        return member_optimizer(
            # Without a decay of its own: AdamW has one by default.
            keras.optimizers.Adam(),
            model.trainable_variables,
            members,
            None if cosine else rates,
            numbers.weight_decay if numbers.decays else None,
            [len(each.shape) > 2 for each in weights],
            cosine_rates(rates, numbers.steps) if cosine else None,
        )

    def _given_optimizer(
        self,
        model: MultiTaskModel,
        members: int | None,
        weights: Sequence[keras.Variable],
    ) -> Any:
        rates, decays = self.own.learning_rate, self.own.weight_decay
        variables = model.trainable_variables
        if members is None:
            return one_member_optimizer(
                self.optimizer,
                None if rates is None else float(rates[0]),
                None if decays is None else float(decays[0]),
                weights,
                variables,
            )
        return member_optimizer(self.optimizer, variables, members, rates, decays)
