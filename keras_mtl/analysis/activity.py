"""Idle units of a model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from keras_mtl.analysis.recorded_activations import (
    ActivationSite,
    activation_sites,
    recorded,
)

__all__ = ["activity_sentences", "unit_activity"]

# The ranges of the outputs of activations.
RANGES = {
    "hard_sigmoid": (0.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "softsign": (-1.0, 1.0),
    "tanh": (-1.0, 1.0),
}
# A unit is saturated if its distance to an end is less than this share of the range.
NEAR_END = 0.01

COLUMNS = ("layer", "activation", "units", "zero", "no_gradient", "saturated")


def unit_activity(
    model: keras.layers.Layer,
    x: Any,
    batch_size: int = 1024,
    rows: np.ndarray | None = None,
) -> pd.DataFrame:
    """Find units that are always zero, have no gradient or are saturated.

    A unit counts only if this holds on all rows. A unit that is always zero has no
    effect on the next layers. A unit without a gradient cannot learn, since no gradient
    reaches its weights. A dead ReLU unit is both. The output of a saturated tanh or
    sigmoid unit is within 1% of the range from either end; its gradient is small but
    not zero.

    Units are the entries of the last axis, for example the channels of a convolution
    over all rows and positions. The heads of a `HeadStack` are counted together. Linear
    layers, softmax and recurrent layers are left out. The model is called with
    `training=False` and is not changed.

    Args:
        model: Any Keras model. It may contain models or composite layers.
        x: The inputs of the model: an array or tensor, or a list or dict of them.
        batch_size: The number of rows per call of the model.
        rows: The positions of the rows to use; by default all.

    Returns:
        A DataFrame with one row per layer that has an activation, and the columns
        `layer`, `activation`, `units`, and the shares of its units that are `zero`,
        `no_gradient` and `saturated`.

    Raises:
        ValueError: If `x` has no rows.

    Example:

    >>> dense = keras.layers.Dense(
    ...     3, "relu", kernel_initializer="zeros", name="hidden"
    ... )
    >>> model = keras.Sequential([keras.Input((2,)), dense])
    >>> _ = dense.bias.assign([-1.0, 0.5, 1.0])
    >>> activity = unit_activity(model, np.ones((4, 2)))
    >>> int(activity.loc[0, "units"]), float(activity.loc[0, "zero"].round(3))
    (3, 0.333)
    """
    count = len(keras.tree.flatten(x)[0]) if rows is None else len(rows)
    if not count:
        raise ValueError(
            "Invalid value received for argument `x`. Expected at least one row. "
            "Received: none."
        )
    sites = activation_sites(model)
    idle: dict[ActivationSite, dict[str, np.ndarray]] = {}

    def record(
        site: ActivationSite, inputs: tf.Tensor, outputs: tf.Tensor, slopes: tf.Tensor
    ) -> None:
        del inputs
        now = {
            "zero": _on_all_rows(site, outputs == 0),
            "no_gradient": _on_all_rows(site, slopes == 0),
            "saturated": _on_all_rows(site, _is_saturated(site.activation, outputs)),
        }
        before = idle.get(site, now)
        idle[site] = {key: before[key] & now[key] for key in now}

    with recorded(sites, record):
        for start in range(0, count, batch_size):
            span: Any = slice(start, start + batch_size)
            part = keras.tree.map_structure(
                lambda array, at=span if rows is None else rows[span]: (
                    tf.convert_to_tensor(array[at])
                ),
                x,
            )
            model(part, training=False)
            if not any(units.any() for now in idle.values() for units in now.values()):
                break  # all are in use; no other row can change that
    table = [
        [site.name, site.activation, len(idle[site]["zero"])]
        + [float(units.mean()) for units in idle[site].values()]
        for site in sites
        if site in idle
    ]
    return pd.DataFrame(table, columns=list(COLUMNS))


def activity_sentences(activity: pd.DataFrame) -> list[str]:
    """Describe the layers that have idle units.

    Layers with the same name in the members of an ensemble are counted together.

    Args:
        activity: A table from `unit_activity`.

    Returns:
        One sentence per layer and kind of idle unit that it has; empty if all units are
        in use.

    Example:

    >>> activity = pd.DataFrame(
    ...     [["a/hidden", "relu", 8, 0.25, 0.25, 0], ["b/hidden", "relu", 8, 0, 0, 0]],
    ...     columns=COLUMNS,
    ... )
    >>> activity_sentences(activity)
    ['hidden: 2 of 16 relu units (12.5%) answer zero on all rows.']
    """
    if activity.empty:
        # An empty column of names cannot be split.
        return []
    names = activity["layer"].str.rpartition("/")[2]
    sentences: list[str] = []
    for (layer, activation), part in activity.groupby(
        [names, activity["activation"]], sort=False
    ):
        units = int(part["units"].sum())
        counts = {
            key: round(float((part[key] * part["units"]).sum()))
            for key in ("zero", "no_gradient", "saturated")
        }
        if counts["no_gradient"] == counts["zero"]:
            # For dead ReLUs, one sentence is enough.
            counts["no_gradient"] = 0
        for key, words in (
            ("zero", "answer zero"),
            ("no_gradient", "have no gradient"),
            ("saturated", "are saturated"),
        ):
            if counts[key]:
                sentences.append(
                    f"{layer}: {counts[key]} of {units} {activation} units "
                    f"({counts[key] / units:.1%}) {words} on all rows."
                )
    return sentences


def _on_all_rows(site: ActivationSite, is_so: tf.Tensor) -> np.ndarray:
    return np.all(site.by_unit(is_so.numpy()), axis=0)


def _is_saturated(activation: str, outputs: tf.Tensor) -> tf.Tensor:
    if activation not in RANGES:
        return tf.zeros_like(outputs, dtype="bool")
    low, high = RANGES[activation]
    near = NEAR_END * (high - low)
    return (outputs < low + near) | (outputs > high - near)
