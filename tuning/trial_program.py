"""Many trials as members of a few programs.

Each trial is trained once per fold, and the trials differ in their settings. Most
settings are numbers: the learning rate, the weight decay, the loss weights, the dropout
rates, and the widths of layers. Widths are numbers since a narrow network is a wide one
whose further units are zero (see `MemberSettings.widths`). Trials that differ only in
numbers are, with all of their folds, members of one program. It is compiled once and
takes a fraction of the time of separate fits. A later batch of trials reuses an earlier
program of the same shapes. It is padded with units and trials to these shapes if this
takes less time than compiling. Trials without a network are solved for, one after the
other.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.architectures.registry import ARCHITECTURES
from keras_mtl.architectures.solved import is_solved
from keras_mtl.comparison.folds import Fold
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.engine.training_graph import dropout_layers
from keras_mtl.errors import UserError
from keras_mtl.runs.predictions import matrix_predictor
from keras_mtl.runs.train import build_core
from keras_mtl.tasks import Task
from keras_mtl.training import (
    MemberPrograms,
    MemberSettings,
    asked_numbers,
    can_be_narrowed,
    fit_members,
    parameters_saved,
)
from keras_mtl.weighting.registry import WEIGHTINGS
from tuning.measured import Measured, first_line
from tuning.objective import validation_metrics
from tuning.solved_trials import measure_solved
from tuning.trial_data import TrialData

__all__ = ["Measured", "WidestUnits", "measure_trials"]

# More members at once save no time, and need memory.
MEMBERS_AT_ONCE = 128
# The dropout rate that a program is built with; each trial has its own. The value is
# one that nobody chooses, so it identifies the layers of the searched rate.
PROGRAM_DROPOUT = float(np.nextafter(0.5, 0.0))
# The operations per second of two cores, and the seconds that they may spend on padding
# in place of tracing and compiling a program.
OPERATIONS_PER_SECOND = 2e10
SECONDS_OF_PADDING = 1.5
NOT_FINITE = (
    "a loss is NaN or infinite. Lower the learning rate, or look for extreme values "
    "in the data"
)


@dataclass(frozen=True)
class WidestUnits:
    """The largest widths of a search; 0 for widths as in the trials.

    Attributes:
        trunk: The largest width of a shared layer, in units.
        head: The largest width of a head's hidden layer, in units.
    """

    trunk: int = 0
    head: int = 0

    def widen(self, config: FitConfig) -> FitConfig:
        """Return settings with at least these widths."""
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
    programs: MemberPrograms | None = None,
) -> list[Measured]:
    """Train and measure trials on all folds.

    Args:
        configs: The trials' settings.
        data: The rows.
        yardstick: The tasks with the loss weights before the search.
        widest: The largest widths of the search. A trial's initial values depend on
            them, and not on the other trials.
        together: Whether trials that differ only in numbers share a program. Otherwise
            each trial has its own program, with a network of its own widths. The
            results are the same up to rounding.
        programs: Compiled programs of the search, which later batches of trials reuse;
            None to reuse no programs.

    Returns:
        One `Measured` per trial. A trial has failed if its loss is not finite, the
        memory is too small, or its network cannot be built. The other trials are not
        affected.
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
        # Sorted by width, since a program is as wide as its widest trial.
        group.sort(key=lambda index: _size(configs[index]))
        for start in range(0, len(group), limit):
            part = group[start : start + limit]
            chosen = [configs[index] for index in part]
            own = data.with_inputs(chosen[0].inputs)
            found = _measure(chosen, own, yardstick, widest, programs)
            measured.update(zip(part, found, strict=True))
    return [measured[index] for index in range(len(configs))]


def _measure(
    configs: Sequence[FitConfig],
    data: TrialData,
    yardstick: Sequence[Task],
    widest: WidestUnits,
    programs: MemberPrograms | None,
) -> list[Measured]:
    """Measure trials in a shared program, or in smaller ones if that fails."""
    try:
        sets = [data] if data.joined else [data.with_folds((f,)) for f in data.folds]
        parts = [
            _measure_joined(configs, each, yardstick, widest, programs) for each in sets
        ]
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
        *_measure(configs[:half], data, yardstick, widest, programs),
        *_measure(configs[half:], data, yardstick, widest, programs),
    ]


def _measure_joined(
    configs: Sequence[FitConfig],
    data: TrialData,
    yardstick: Sequence[Task],
    most: WidestUnits,
    programs: MemberPrograms | None,
) -> list[Measured]:
    """Measure trials on folds that can share a network."""
    rows, folds = data.rows, data.folds
    matrices = [data.encode(rows.features, fold) for fold in folds]
    width = max(matrix.shape[1] for matrix in matrices)
    # Folds with fewer columns are padded with zeros.
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
        # Features of several folds have no embeddings, and differ in their columns.
        features = data.encode.learned(rows.features, folds[0])

    def build(config: FitConfig) -> Any:
        learned = [
            units[0][task.name][0].replace(widths=task.widths) for task in config.tasks
        ]
        return build_core(config, learned, width, features)

    def measure(model: Any, chosen: Sequence[FitConfig], wider: Any) -> Any:
        count = len(chosen)
        if programs is not None:
            count = _trials_of_program(chosen, model, data)
        # Padded with copies of the last trial.
        padded = [*chosen, *[chosen[-1]] * (count - len(chosen))]
        fit = _fit(model, padded, data, stacked, labels, wider, programs)
        return _read(fit, model, chosen, data, stacked, units, yardstick)

    widest = _widest(configs)
    wider = build(most.widen(widest))
    if can_be_narrowed(wider, list(_widths(widest))):
        model = build(widest)
        if programs is not None:
            more = wider.count_params() - model.count_params()
            if _seconds(more, len(configs), widest, data) < SECONDS_OF_PADDING:
                model = build(most.widen(widest))
        found: list[Measured] = measure(model, configs, wider)
        return found
    # For this architecture, widths are part of the network's shape.
    shapes: dict[str, list[int]] = {}
    for index, config in enumerate(configs):
        shapes.setdefault(str(_widths(config)), []).append(index)
    measured: dict[int, Measured] = {}
    for part in shapes.values():
        chosen = [configs[index] for index in part]
        found = measure(build(_widest(chosen)), chosen, None)
        measured.update(zip(part, found, strict=True))
    return [measured[index] for index in range(len(configs))]


def _fit(
    model: Any,
    configs: Sequence[FitConfig],
    data: TrialData,
    inputs: np.ndarray,
    labels: dict[str, np.ndarray],
    wider: Any,
    programs: MemberPrograms | None,
) -> Any:
    """Train the trials' members, in the order of the trials."""
    folds, count = data.folds, len(data.rows.rows)
    # Only the fit of the best settings watches conflict.
    training = configs[0].training.replace(members=1, watch_conflict=False)
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
        weighting=_plain_numbers(
            [config.training.weighting for config in configs],
            WEIGHTINGS,
            training.weighting.name,
            folds,
        ),
        architecture=_asked(
            model,
            _plain_numbers(
                [config.model.architecture for config in configs],
                ARCHITECTURES,
                configs[0].model.architecture.name,
                folds,
            ),
        ),
        # All trials have the same initial values and batches, and differ only by their
        # settings.
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
        programs=programs,
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
    """Measure the trained members at their best epochs."""
    rows, folds = data.rows, data.folds
    count = len(rows.rows)
    network = fit.members[0]
    # The dropout rate does not matter for predictions.
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
    """Join the outcomes on several sets of folds."""
    for part in parts:
        if part.message:
            return part
    return Measured(
        [metrics for part in parts for metrics in part.folds],
        [epoch for part in parts for epoch in part.epochs],
        parts[0].parameters,
    )


def _program_key(config: FitConfig) -> str:
    """Return the settings that trials of one program share, without numbers."""
    model, training = config.model, config.training
    return repr(
        config.replace(
            model=model.replace(
                trunk=(1,) * len(model.trunk),
                dropout=0.5 if model.dropout else 0.0,
                architecture=_without_numbers(model.architecture, ARCHITECTURES),
            ),
            training=training.replace(
                learning_rate=1.0,
                weight_decay=0.0,
                weighting=_without_numbers(training.weighting, WEIGHTINGS),
            ),
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
    """Return the first trial's settings with the largest widths and dropout."""
    first = configs[0]

    def greatest(widths: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        return tuple(max(column) for column in zip(*widths, strict=True))

    trunk = greatest([config.model.trunk for config in configs])
    rate = PROGRAM_DROPOUT if first.model.dropout else 0.0
    return first.replace(
        model=first.model.replace(
            trunk=trunk,
            dropout=rate,
            architecture=_without_numbers(first.model.architecture, ARCHITECTURES),
        ),
        tasks=tuple(
            task.replace(widths=greatest([c.tasks[i].widths for c in configs]))
            for i, task in enumerate(first.tasks)
        ),
    )


def _units_saved(model: Any, config: FitConfig) -> int:
    """Return the number of a program's parameters that a trial does not use."""
    widths = _widths(config)
    if not can_be_narrowed(model, list(widths)):
        return 0
    return parameters_saved(model, widths)


def _size(config: FitConfig) -> int:
    return sum(_widths(config).values())


def _dropout(
    model: Any, configs: Sequence[FitConfig], folds: Sequence[Fold]
) -> dict[str, list[float]] | None:
    """Return the members' dropout rates of the layers with the trunk's rate."""
    rates = [config.model.dropout for config in configs]
    names = [
        layer.name for layer in dropout_layers(model) if layer.rate == PROGRAM_DROPOUT
    ]
    return {name: _repeat(rates, folds) for name in names} or None


def _declared_numbers(name: str, registry: Any) -> dict[str, Any]:
    """Return the plain numbers of a weighting or an architecture, with defaults."""
    declared = (
        WEIGHTINGS.load(name)
        if registry is WEIGHTINGS
        else ARCHITECTURES.settings(name)
    )
    defaults = inspect.signature(declared).parameters
    numbers = getattr(declared, "plain_numbers", ())
    return {each: defaults[each].default for each in numbers}


def _without_numbers(named: NamedSettings, registry: Any) -> NamedSettings:
    """Return settings with 1 for all plain numbers, to find a common program.

    In an architecture, 0 switches a layer off, so 0 stays 0.
    """
    numbers = {**_declared_numbers(named.name, registry)}
    for name, default in numbers.items():
        value = named.settings.get(name, default)
        numbers[name] = 1.0 if registry is WEIGHTINGS or value else 0.0
    settings = {**named.settings, **numbers}
    return NamedSettings(named.name, dict(sorted(settings.items())))


def _plain_numbers(
    named: Sequence[NamedSettings], registry: Any, name: str, folds: Sequence[Fold]
) -> dict[str, list[Any]] | None:
    """Return the members' plain numbers of a weighting or an architecture."""
    numbers = {
        setting: [float(each.settings.get(setting, default)) for each in named]
        for setting, default in _declared_numbers(name, registry).items()
    }
    return {
        setting: _repeat(values, folds)
        for setting, values in numbers.items()
        if registry is WEIGHTINGS or all(values)
    } or None


def _asked(model: Any, numbers: dict[str, list[Any]] | None) -> Any:
    """Return the numbers that the layers read: a setting may switch a number off."""
    if not numbers:
        return None
    asked = asked_numbers(model)
    return {name: values for name, values in numbers.items() if name in asked} or None


def _seconds(
    parameters: float, trials: int, config: FitConfig, data: TrialData
) -> float:
    """Estimate the time to train some parameters of trials, in seconds."""
    rows = sum(len(fold.train) for fold in data.folds)
    # One forward pass, and a backward pass of twice the operations.
    operations = 6.0 * parameters * trials * rows * config.training.epochs
    return operations / OPERATIONS_PER_SECOND


def _trials_of_program(
    configs: Sequence[FitConfig], model: Any, data: TrialData
) -> int:
    """Return the number of trials of a program, for reuse by later batches."""
    count = len(configs)
    limit = max(1, MEMBERS_AT_ONCE // len(data.folds))
    rounded = min(1 << (count - 1).bit_length(), max(limit, count))
    more = _seconds(model.count_params(), rounded - count, configs[0], data)
    return rounded if more < SECONDS_OF_PADDING else count


def _repeat(values: Sequence[float], folds: Sequence[Fold]) -> list[Any]:
    return [value for value in values for _ in folds]
