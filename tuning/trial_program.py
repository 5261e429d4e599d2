"""Many trials as members of few programs.

A trial is trained once for each fold, and the trials differ in their settings. Most
settings are only numbers: the learning rate, the weight decay, the loss weights, the
dropout rates, and the widths of layers, since a narrow network is a wide one with
zeros where its units end (see `MemberSettings.widths`). Trials that differ in
numbers alone, with all of their folds, are members of one program: compiled once,
and trained in a fraction of the time of as many fits. Trials without a network are
solved for, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.architectures.solved import is_solved
from keras_mtl.comparison.folds import Fold
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.engine.training_graph import dropout_layers
from keras_mtl.errors import UserError
from keras_mtl.runs.predictions import matrix_predictor
from keras_mtl.runs.train import build_core
from keras_mtl.tasks import Task
from keras_mtl.training import (
    MemberSettings,
    can_be_narrowed,
    fit_members,
    parameters_saved,
)
from tuning.measured import Measured, first_line
from tuning.objective import validation_metrics
from tuning.solved_trials import measure_solved
from tuning.trial_data import TrialData

__all__ = ["Measured", "WidestUnits", "measure_trials"]

# More members at once gain no time, and take memory.
MEMBERS_AT_ONCE = 128
NOT_FINITE = (
    "a loss is NaN or infinite. Lower the learning rate, or look for extreme values "
    "in the data"
)


@dataclass(frozen=True)
class WidestUnits:
    """The greatest widths of a search: 0 for those that trials themselves have.

    Attributes:
        trunk: Of a shared layer.
        head: Of a head's hidden layer.
    """

    trunk: int = 0
    head: int = 0

    def widen(self, config: FitConfig) -> FitConfig:
        """Returns settings with widths of at least these."""
        trunk = tuple(max(self.trunk, width) for width in config.model.trunk)
        return config.replace(
            model=config.model.replace(trunk=trunk),
            tasks=tuple(
                task.replace(
                    widths=tuple(max(self.head, width) for width in task.widths)
                )
                for task in config.tasks
            ),
        )


def measure_trials(
    configs: Sequence[FitConfig],
    data: TrialData,
    yardstick: Sequence[Task],
    widest: WidestUnits = WidestUnits(),
    together: bool = True,
) -> list[Measured]:
    """Trains and measures trials on all folds.

    Args:
        configs: The trials' settings.
        data: The rows.
        yardstick: The tasks with the loss weights before the search.
        widest: The greatest widths of the search: a trial's initial values depend
            on them, and not on the trials beside it.
        together: Whether trials that differ in numbers alone share a program.
            Otherwise each has its own, with a network of its own widths. The
            results are the same up to rounding.

    Returns:
        A `Measured` for each trial. A trial whose loss breaks, that needs more
        memory than there is, or whose network cannot be built, has failed; the
        others are not affected.
    """
    groups: dict[str, list[int]] = {}
    measured: dict[int, Measured] = {}
    for index, config in enumerate(configs):
        if is_solved(config.model.architecture.name):
            measured[index] = measure_solved(config, data, yardstick)
            continue
        key = _program_key(config) if together else str(index)
        groups.setdefault(key, []).append(index)
    limit = max(1, MEMBERS_AT_ONCE // len(data.folds))
    for group in groups.values():
        # Trials of like widths next to each other: a program is as wide as its widest.
        group.sort(key=lambda index: _size(configs[index]))
        for start in range(0, len(group), limit):
            part = group[start : start + limit]
            chosen = [configs[index] for index in part]
            own = data.with_inputs(chosen[0].inputs)
            found = _measure(chosen, own, yardstick, widest)
            measured.update(zip(part, found, strict=True))
    return [measured[index] for index in range(len(configs))]


def _measure(
    configs: Sequence[FitConfig],
    data: TrialData,
    yardstick: Sequence[Task],
    widest: WidestUnits,
) -> list[Measured]:
    """Measure trials that may share a program, with fewer of them where they fail."""
    try:
        sets = [data] if data.joined else [data.with_folds((f,)) for f in data.folds]
        parts = [_measure_joined(configs, each, yardstick, widest) for each in sets]
        return [_join(each) for each in zip(*parts, strict=True)]
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        message = f"out of memory: {first_line(error)}"
    except FloatingPointError as error:
        message = str(error)
    except (UserError, ValueError) as error:
        message = f"could not be built: {first_line(error)}"
    if len(configs) == 1:
        return [Measured(message=message)]
    half = len(configs) // 2
    return [
        *_measure(configs[:half], data, yardstick, widest),
        *_measure(configs[half:], data, yardstick, widest),
    ]


def _measure_joined(
    configs: Sequence[FitConfig],
    data: TrialData,
    yardstick: Sequence[Task],
    most: WidestUnits,
) -> list[Measured]:
    """Measure trials on folds that one network serves."""
    rows, folds = data.rows, data.folds
    matrices = [data.encode(rows.features, fold) for fold in folds]
    width = max(matrix.shape[1] for matrix in matrices)
    # A column that a fold's training rows do not need is zero there.
    stacked = np.concatenate(
        [np.pad(matrix, ((0, 0), (0, width - matrix.shape[1]))) for matrix in matrices]
    )
    units = [
        {
            task.name: task.in_common_unit(rows.labels[task.name][fold.train])
            for task in rows.tasks
        }
        for fold in folds
    ]
    labels = {
        name: np.concatenate([unit[name][1](values) for unit in units])
        for name, values in rows.labels.items()
    }
    features = None
    if len(folds) == 1:
        # Those of many folds have no embeddings, and differ in their columns.
        features = data.encode.learned(rows.features, folds[0])

    def build(config: FitConfig) -> Any:
        learned = [
            units[0][task.name][0].replace(widths=task.widths) for task in config.tasks
        ]
        return build_core(config, learned, width, features)

    def measure(reference: FitConfig, chosen: Sequence[FitConfig], wider: Any) -> Any:
        model = build(reference)
        fit = _fit(model, chosen, data, stacked, labels, wider)
        return _read(fit, model, chosen, data, stacked, units, yardstick)

    widest = _widest(configs)
    wider = build(most.widen(widest))
    if can_be_narrowed(wider, list(_widths(widest))):
        found: list[Measured] = measure(widest, configs, wider)
        return found
    # Widths are part of the network's shape here.
    shapes: dict[str, list[int]] = {}
    for index, config in enumerate(configs):
        shapes.setdefault(str(_widths(config)), []).append(index)
    measured: dict[int, Measured] = {}
    for part in shapes.values():
        chosen = [configs[index] for index in part]
        measured.update(zip(part, measure(_widest(chosen), chosen, None), strict=True))
    return [measured[index] for index in range(len(configs))]


def _fit(
    model: Any,
    configs: Sequence[FitConfig],
    data: TrialData,
    inputs: np.ndarray,
    labels: dict[str, np.ndarray],
    wider: Any,
) -> Any:
    """Train the trials' members: those of the first trial, of the second, ...."""
    folds, count = data.folds, len(data.rows.rows)
    training = configs[0].training.replace(members=1)
    own = MemberSettings(
        learning_rate=_repeat([c.training.learning_rate for c in configs], folds),
        weight_decay=_repeat([c.training.weight_decay for c in configs], folds),
        loss_weights={
            task.name: _repeat([c.tasks[i].loss_weight for c in configs], folds)
            for i, task in enumerate(configs[0].tasks)
        },
        dropout=_dropout(model, configs, folds),
        widths=None
        if wider is None
        else {
            name: _repeat([_widths(config)[name] for config in configs], folds)
            for name in _widths(configs[0])
        },
        # All trials begin alike and see the same batches: they differ by their
        # settings alone.
        numbers=[fold.repeat * 1000 + fold.number for fold in folds] * len(configs),
    )
    keras.utils.set_random_seed(configs[0].seed)
    weight = data.rows.sample_weight
    return fit_members(
        model,
        inputs,
        labels,
        training,
        rows=[fold.train + i * count for i, fold in enumerate(folds)] * len(configs),
        validation_rows=[fold.test + i * count for i, fold in enumerate(folds)]
        * len(configs),
        seed=configs[0].seed,
        own=own,
        sample_weight=None if weight is None else np.tile(weight, len(folds)),
        raise_on_failure=False,
        wider=wider,
    )


def _read(
    fit: Any,
    model: Any,
    configs: Sequence[FitConfig],
    data: TrialData,
    inputs: np.ndarray,
    units: Sequence[dict[str, Any]],
    yardstick: Sequence[Task],
) -> list[Measured]:
    """Measure the trained members, each at the epoch whose weights it has."""
    rows, folds = data.rows, data.folds
    count = len(rows.rows)
    network = fit.members[0]
    # One rate more or less is nothing to a network that predicts.
    predict = matrix_predictor(network)
    found = []
    for number in range(len(configs)):
        metrics, epochs = [], []
        for index, fold in enumerate(folds):
            member = number * len(folds) + index
            epoch = int(fit.epochs[member])
            losses = {
                task.name: float(
                    fit.history[f"val_{task.name}_loss"][epoch - 1, member]
                )
                for task in rows.tasks
            }
            if epoch < 1 or not np.isfinite(list(losses.values())).all():
                break
            fit.members.copy_weights(member, network)
            outputs = {
                name: units[index][name][2](values)
                for name, values in predict(inputs[index * count + fold.test]).items()
            }
            held = {name: values[fold.test] for name, values in rows.labels.items()}
            metrics.append(validation_metrics(yardstick, held, outputs, losses))
            epochs.append(epoch)
        if len(metrics) == len(folds):
            size = int(model.count_params())
            size -= _units_saved(model, configs[number])
            found.append(Measured(metrics, epochs, size))
        else:
            found.append(Measured(message=NOT_FINITE))
    return found


def _join(parts: Sequence[Measured]) -> Measured:
    """Join what was measured on several sets of folds."""
    for part in parts:
        if part.message:
            return part
    return Measured(
        [metrics for part in parts for metrics in part.folds],
        [epoch for part in parts for epoch in part.epochs],
        parts[0].parameters,
    )


def _program_key(config: FitConfig) -> str:
    """Return what trials of one program have in common: all but numbers."""
    model = config.model
    return repr(
        config.replace(
            model=model.replace(
                trunk=(1,) * len(model.trunk), dropout=0.5 if model.dropout else 0.0
            ),
            training=config.training.replace(learning_rate=1.0, weight_decay=0.0),
            tasks=tuple(
                task.replace(loss_weight=1.0, widths=(1,) * len(task.widths))
                for task in config.tasks
            ),
        )
    )


def _widths(config: FitConfig) -> dict[str, int]:
    """Return the widths of the hidden layers by the layers' names."""
    widths = {f"trunk_{i}": each for i, each in enumerate(config.model.trunk, 1)}
    for task in config.tasks:
        for index, each in enumerate(task.widths, 1):
            widths[f"{task.name}_{index}"] = each
    return widths


def _widest(configs: Sequence[FitConfig]) -> FitConfig:
    """Return the first trial's settings with the greatest widths and dropout."""
    first = configs[0]

    def greatest(widths: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        return tuple(max(column) for column in zip(*widths, strict=True))

    trunk = greatest([config.model.trunk for config in configs])
    rate = max(config.model.dropout for config in configs)
    return first.replace(
        model=first.model.replace(trunk=trunk, dropout=rate),
        tasks=tuple(
            task.replace(widths=greatest([c.tasks[i].widths for c in configs]))
            for i, task in enumerate(first.tasks)
        ),
    )


def _units_saved(model: Any, config: FitConfig) -> int:
    """Return the parameters of a program's network that a trial does without."""
    widths = _widths(config)
    if not can_be_narrowed(model, list(widths)):
        return 0
    return parameters_saved(model, widths)


def _size(config: FitConfig) -> int:
    return sum(_widths(config).values())


def _dropout(
    model: Any, configs: Sequence[FitConfig], folds: Sequence[Fold]
) -> dict[str, list[float]] | None:
    """Return the members' rates of the layers that drop by the trunk's rate."""
    rates = [config.model.dropout for config in configs]
    if len({*rates}) == 1:
        return None
    # The input's dropout has a rate of its own, whatever the trunk's.
    names = [
        layer.name
        for layer in dropout_layers(model)
        if layer.rate == max(rates) and "input" not in layer.name
    ]
    return {name: _repeat(rates, folds) for name in names}


def _repeat(values: Sequence[float], folds: Sequence[Fold]) -> list[Any]:
    return [value for value in values for _ in folds]
