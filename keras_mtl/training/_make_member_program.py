"""The compiled programs of a fit of members, and what identifies them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.best_weights import BestWeights
from keras_mtl.engine.epoch import EpochProgram, EpochSettings
from keras_mtl.engine.epoch_metrics import MemberMetrics
from keras_mtl.engine.member_groups import MemberGroups
from keras_mtl.engine.replicas import Replicas
from keras_mtl.engine.trainer import MemberValues, Trainer
from keras_mtl.engine.xla_choice import suits_xla
from keras_mtl.model.multi_task_model import MultiTaskModel
from keras_mtl.training._member_numbers import MemberNumbers
from keras_mtl.training._member_start import MemberStart
from keras_mtl.training._member_trainer import make_trainer
from keras_mtl.training._update_rules import UpdateRules
from keras_mtl.training.member_programs import MemberProgram
from keras_mtl.training.settings import TrainingSettings
from keras_mtl.weighting import Weighting

__all__ = ["EpochPlan", "make_member_program", "program_key"]


@dataclass(frozen=True)
class EpochPlan:
    """How the epochs of a fit run, for whichever members.

    Attributes:
        settings: The settings of all epochs.
        seeds: See `EpochProgram`.
        replicas: The processes that share the rows of every batch.
        xla_if_suitable: Whether XLA compiles the epochs only if it serves the layers
            of the model.
    """

    settings: EpochSettings
    seeds: Mapping[int, tf.Tensor]
    replicas: Replicas | None
    xla_if_suitable: bool

    def program(
        self, trainer: Trainer, values: MemberValues, best: BestWeights
    ) -> EpochProgram:
        """Make the epoch of a trainer's members."""
        settings = self.settings
        if self.xla_if_suitable and not suits_xla(trainer.step.model, trainer.noise):
            settings = replace(settings, jit_compile=False)
        metrics = MemberMetrics(trainer, self.replicas)
        return EpochProgram(
            trainer, metrics, settings, values, self.seeds, self.replicas, best
        )


def make_member_program(
    model: MultiTaskModel,
    step: BatchStep,
    start: MemberStart,
    rules: UpdateRules,
    plan: EpochPlan,
    groups: Sequence[slice],
) -> MemberProgram:
    """Make the program of each group of members.

    Args:
        model: The architecture.
        step: The step of one batch.
        start: The state that all members begin with.
        rules: How members are updated.
        plan: How epochs run.
        groups: The members of each group; one model has `[slice(None)]`.
    """
    programs, numbers = [], []
    for group in groups:
        one_model = group == slice(None)
        own = start if one_model else start.part(group)
        own = replace(own, numbers=own.numbers.variables())
        count = None if one_model else group.stop - group.start
        trainer = make_trainer(model, step, count, own, rules)
        best = rules.best_weights(trainer)
        programs.append(plan.program(trainer, own.numbers.values, best))
        numbers.append(own.numbers)
    return MemberProgram(MemberGroups(programs), numbers)


def program_key(
    model: MultiTaskModel,
    weighting: Weighting,
    settings: TrainingSettings,
    values: MemberNumbers,
    epoch_settings: EpochSettings,
    seed: int,
    data: Any,
    others: Any,
) -> str:
    """Describe all of a fit but its numbers: fits of one key share a program."""
    method = weighting.get_config()
    plain = [name for name in method if name not in values.weighting]
    common = settings.replace(
        learning_rate=1.0, weight_decay=0.0, epochs=1, members=1, weighting="sum"
    )
    parts = (
        type(model),
        model.to_json(),
        type(weighting),
        {name: method[name] for name in plain},
        common,
        values.decays,
        tf.nest.map_structure(np.shape, vars(values)),
        epoch_settings,
        seed,
        tf.nest.map_structure(
            lambda each: (np.shape(each), getattr(each, "dtype", None)), data
        ),
        others,
    )
    return repr(parts)
