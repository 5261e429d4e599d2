"""Which units of a model do nothing on any row."""

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

# The answers between which an activation stays.
RANGES = {
    "hard_sigmoid": (0.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "softsign": (-1.0, 1.0),
    "tanh": (-1.0, 1.0),
}
# Nearer to an end of the range than this share of it, a unit is saturated.
NEAR_END = 0.01

COLUMNS = ("layer", "activation", "units", "zero", "no_gradient", "saturated")


def unit_activity(
    model: keras.layers.Layer,
    x: Any,
    batch_size: int = 1024,
    rows: np.ndarray | None = None,
) -> pd.DataFrame:
    """Finds the units that answer zero, learn nothing or are saturated.

    A unit that does so on all rows is of no use: of one that answers zero,
    nothing reaches the layers above it; through one without a gradient,
    nothing reaches the weights below it, so that it stays as it is. A dead
    ReLU is both. A saturated tanh or sigmoid unit answers within 1% of the
    range from one end or the other; its gradient is small but not zero.

    Units are counted on the last axis: a convolution's channels, say, over all
    rows and places; the heads in a `HeadStack` together. Linear layers, softmax
    and recurrent layers are left out.
    The model is called as at inference, and is left as it was.

    Args:
        model: Any Keras model, also one with models or composed layers within.
        x: Its inputs: an array or tensor, or a list or dict of them.
        batch_size: The rows of one call.
        rows: The numbers of the rows that are looked at; by default all.

    Returns:
        A DataFrame with a row for each layer that has an activation: `layer`,
        `activation`, `units`, and the shares `zero`, `no_gradient` and
        `saturated` of its units.

    Raises:
        ValueError: When there is no row.

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
    """Says which layers have idle units; nothing where all are in use.

    Layers of one name, those of the members of an ensemble, are told together.

    Args:
        activity: What `unit_activity` found.

    Returns:
        A sentence for each layer and kind of idleness above zero.

    Example:

    >>> activity = pd.DataFrame(
    ...     [["a/hidden", "relu", 8, 0.25, 0.25, 0], ["b/hidden", "relu", 8, 0, 0, 0]],
    ...     columns=COLUMNS,
    ... )
    >>> activity_sentences(activity)
    ['hidden: 2 of 16 relu units (12.5%) answer zero on all rows.']
    """
    if activity.empty:
        # A column of no text has no parts.
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
            # Dead ReLUs: one sentence is enough.
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
