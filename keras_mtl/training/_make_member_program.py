"""The compiled programs of a fit of members, and what identifies them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.best_weights import BestWeights
from keras_mtl.engine.epoch import EpochProgram, EpochSettings
from keras_mtl.engine.epoch_metrics import MemberMetrics
from keras_mtl.engine.member_groups import MemberGroups
from keras_mtl.engine.replicas import Replicas
from keras_mtl.engine.xla_choice import suits_xla
from keras_mtl.model.multi_task_model import MultiTaskModel
from keras_mtl.training._initial_values import InitialValues
from keras_mtl.training._member_trainer import MemberNumbers, make_trainer
from keras_mtl.training.member_programs import MemberProgram
from keras_mtl.training.member_settings import MemberSettings
from keras_mtl.training.settings import TrainingSettings
from keras_mtl.weighting import Weighting

__all__ = ["make_member_program", "program_key"]


def make_member_program(
    model: MultiTaskModel,
    step: BatchStep,
    first: InitialValues,
    settings: TrainingSettings,
    own: MemberSettings,
    values: MemberNumbers,
    optimizer: keras.optimizers.Optimizer | None,
    states: Mapping[str, np.ndarray],
    rates: Mapping[int, keras.Variable],
    epoch_settings: EpochSettings,
    seeds: Mapping[int, tf.Tensor],
    replicas: Replicas | None,
    uncounted_epochs: int,
    groups: Sequence[slice],
    only_if_suitable: bool,
) -> MemberProgram:
    """Make the program of each group of members.

    Args:
        groups: The members of each group; one model has `[slice(None)]`.
        only_if_suitable: Whether XLA compiles the programs only if it serves the
            model's layers.
    """
    made, numbers = [], []
    for part in groups:
        one_model = part == slice(None)
        own_values = (values if one_model else values.part(part)).variables()
        trainer = make_trainer(
            model,
            step,
            None if one_model else part.stop - part.start,
            InitialValues(
                [each[part] for each in first.weights],
                [each[part] for each in first.statistics],
            ),
            settings,
            own,
            own_values,
            optimizer,
            {name: each[part] for name, each in states.items()},
            rates,
        )
        if only_if_suitable and not suits_xla(step.model, trainer.noise):
            epoch_settings = replace(epoch_settings, jit_compile=False)
        made.append(
            EpochProgram(
                trainer,
                MemberMetrics(trainer, replicas),
                epoch_settings,
                own_values.values,
                seeds,
                replicas,
                BestWeights(trainer, settings.patience, uncounted_epochs),
            )
        )
        numbers.append(own_values)
    return MemberProgram(MemberGroups(made), numbers)


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
