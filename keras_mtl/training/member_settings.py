"""Settings that differ between members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from keras_mtl.errors import UserError, did_you_mean, show_value

__all__ = ["MemberSettings"]


@dataclass(frozen=True)
class MemberSettings:
    """Settings that differ between members, in place of `TrainingSettings`.

    Each argument has one value per member, in order. If an argument is None, all
    members have the value of the settings, the tasks and the architecture.

    Args:
        learning_rate: The initial learning rate of Adam.
        weight_decay: The weight decay of AdamW: kernels decay by this number times the
            learning rate.
        loss_weights: The loss weights by task name. A task that is not named keeps its
            `loss_weight`.
        dropout: The rates of all `keras.layers.Dropout` layers; or a dict of rates by
            layer name, in which layers that are not named keep their rate. Only layers
            that the architecture has can be changed: to use dropout, build it with a
            rate above 0.
        widths: The units of each member by name of a `keras.layers.Dense` layer. The
            architecture must be built with the largest number. Each member is trained
            as a network of its own widths. The activations of these layers must map 0
            to 0, and only dense layers, dropout and activations may follow.
        row_weights: The weight of each row in the loss of each member, of shape (K, N),
            or a dict of such arrays by task name, like `sample_weight` of Keras's
            `fit`. For a bootstrap, the weights are counts. A row of weight 0 adds
            nothing to the gradients, but is still part of a batch and of the statistics
            of normalizations. To leave rows out, use `rows` of `fit_members`.
        weighting: The values of each member by name of a setting of the weighting that
            is one of its `plain_numbers`.
        architecture: The values of each member by name of a setting of the architecture
            for which its layers ask with `keras_mtl.layers.setting_value`, such as the
            strength of a regularizer. They count in training. The models that are made
            of the members have the value of the architecture.
        numbers: The number of each member, from 0. Member `n` of a seed always has the
            same initial weights and order of batches, so that hundreds of members can
            be trained in several calls. By default 0, 1, 2 and so on.

    Example:

    >>> own = MemberSettings(learning_rate=[1e-3, 1e-2], loss_weights={"heart": [1, 2]})
    >>> own.count()
    2
    """

    learning_rate: Sequence[float] | None = None
    weight_decay: Sequence[float] | None = None
    loss_weights: Mapping[str, Sequence[float]] | None = None
    dropout: Sequence[float] | Mapping[str, Sequence[float]] | None = None
    widths: Mapping[str, Sequence[int]] | None = None
    row_weights: Any = None
    weighting: Mapping[str, Sequence[float]] | None = None
    architecture: Mapping[str, Sequence[float]] | None = None
    numbers: Sequence[int] | None = None

    def count(self) -> int | None:
        """Return the number of members of the values, K.

        None if there are no values, or their numbers of members differ.
        """
        counts = {len(values) for _, values in self._columns()}
        return counts.pop() if len(counts) == 1 else None

    def dropout_rates(self, layers: Sequence[str]) -> dict[str, Sequence[float]]:
        """Return the rates of the members by name of a dropout layer.

        Args:
            layers: The names of the architecture's dropout layers.
        """
        if self.dropout is None or isinstance(self.dropout, Mapping):
            return dict(self.dropout or {})
        return dict.fromkeys(layers, self.dropout)

    def check(
        self,
        members: int,
        rows: int,
        tasks: Sequence[str],
        dropouts: Sequence[str],
        weighting: Sequence[str] = (),
        architecture: Sequence[str] = (),
    ) -> None:
        """Check that the values are valid.

        Args:
            members: The number of members, K.
            rows: The number of rows, N.
            tasks: The tasks' names.
            dropouts: The names of the architecture's dropout layers.
            weighting: The plain numbers of the weighting.
            architecture: The settings for which the architecture's layers ask.

        Raises:
            UserError: With all errors.
        """
        errors = [
            f"Invalid value received for `{name}`. Expected one value for each of "
            f"{members} members. Received: {len(values)} values."
            for name, values in self._columns()
            if len(values) != members
        ]
        errors += _outside("learning_rate", self.learning_rate, "above 0", 0, open=True)
        errors += _outside("weight_decay", self.weight_decay, "of at least 0", 0)
        for field in ("loss_weights", "row_weights"):
            for name, values in _by_name(getattr(self, field)):
                if name is not None:
                    errors += _unknown(f"{field}, by task", name, tasks)
                errors += _outside(field, values, "of at least 0", 0)
        for name, values in _by_name(self.dropout):
            if name is not None:
                errors += _unknown("dropout, by layer", name, dropouts)
            errors += _outside(
                "dropout", values, "of at least 0 and below 1", 0, below=1
            )
        for what, own, known in (
            ("weighting", self.weighting, weighting),
            ("architecture", self.architecture, architecture),
        ):
            for name, values in (own or {}).items():
                errors += _unknown(f"{what}, by setting", name, known)
                errors += _outside(what, values, "that are finite", float("-inf"))
        if self.dropout is not None and not dropouts:
            errors.append(
                "Invalid value received for `dropout`. Expected an architecture with "
                "`keras.layers.Dropout` layers. Received: one without. Build it with "
                "a dropout rate above 0."
            )
        for _, values in _by_name(self.row_weights):
            if np.ndim(values) != 2 or np.shape(values)[1] != rows:
                errors.append(
                    "Invalid value received for `row_weights`. Expected the shape "
                    f"({members}, {rows}), a weight for each member and row. "
                    f"Received: shape {np.shape(values)}."
                )
        if errors:
            raise UserError(*errors)

    def _columns(self) -> list[tuple[str, Any]]:
        """Return each field that is given, with its values."""
        return [
            (field.name, values)
            for field in fields(self)
            for _, values in _by_name(getattr(self, field.name))
        ]


def _by_name(values: Any) -> list[tuple[str | None, Any]]:
    """Return the entries of a dict, or what holds for all under no name."""
    if values is None:
        return []
    return list(values.items()) if isinstance(values, Mapping) else [(None, values)]


def _unknown(what: str, name: str, known: Sequence[str]) -> list[str]:
    if name in known:
        return []
    listed = f"one of {', '.join(known)}" if known else "none, as there are none"
    return [
        f"Invalid name received for `{what}`. Expected {listed}. "
        f"Received: {name!r}.{did_you_mean(name, known)}"
    ]


def _outside(
    name: str,
    values: Any,
    expected: str,
    least: float,
    below: float = float("inf"),
    open: bool = False,
) -> list[str]:
    if values is None:
        return []
    array = np.asarray(values, "float64")
    known = (array > least if open else array >= least) & (array < below)
    if known.all():
        return []
    return [
        f"Invalid value received for `{name}`. Expected numbers {expected}. "
        f"Received: {show_value(array[~known].ravel()[:3].tolist())}."
    ]
