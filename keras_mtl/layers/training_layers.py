"""Layers that replace Keras's own in the graph that training runs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import ops

__all__ = [
    "FED_LAYERS",
    "Draw",
    "PresentRowsNormalization",
    "asked_settings",
    "feed_noise",
    "feed_settings",
    "mean_over_present",
    "present_rows",
    "record_noise",
    "setting_value",
]

_PRESENT: ContextVar[Any] = ContextVar("present_rows", default=None)
_NOISE: ContextVar[Any] = ContextVar("noise", default=None)
_SETTINGS: ContextVar[Any] = ContextVar("settings", default=None)


@contextlib.contextmanager
def present_rows(present: Any) -> Iterator[None]:
    """Set the rows of the batch that normalizations in this context use.

    Args:
        present: Booleans of shape (N,): whether each row is present. None for all rows.
    """
    token = _PRESENT.set(present)
    try:
        yield
    finally:
        _PRESENT.reset(token)


def mean_over_present(values: Any) -> Any:
    """Return the mean over the present rows.

    A layer that adds a loss of its rows uses this mean, so that rows that only fill a
    batch do not count.

    Args:
        values: A tensor whose last axis has the rows.
    """
    present = _PRESENT.get()
    if present is None:
        return ops.mean(values, axis=-1)
    weights = ops.cast(present, values.dtype)
    return ops.sum(values * weights, axis=-1) / ops.maximum(ops.sum(weights), 1.0)


def setting_value(name: str, value: Any) -> Any:
    """Return a member's own value of an architecture's setting.

    A layer or a regularizer whose strength is a setting of the architecture reads it in
    its call. Members of one program may then have different strengths: see
    `ArchitectureSettings.plain_numbers`.

    Args:
        name: The name of the setting; `""` for a number that is not a setting.
        value: The default, for members without their own values.

    Example:

    >>> with feed_settings({"strength": 0.5}):
    ...     setting_value("strength", 0.1), setting_value("overlap", 0.1)
    (0.5, 0.1)
    """
    values = _SETTINGS.get()
    return value if values is None else values.get(name, value)


@contextlib.contextmanager
def feed_settings(values: Mapping[str, Any] | None) -> Iterator[None]:
    """Set the values that `setting_value` returns in this context.

    Args:
        values: The values of the architecture's settings by name, scalars.
    """
    token = _SETTINGS.set(values)
    try:
        yield
    finally:
        _SETTINGS.reset(token)


class _AskedSettings(dict[str, Any]):
    """A record of the settings that layers read."""

    def get(self, name: str, value: Any = None) -> Any:
        self[name] = value
        return value


def asked_settings(run: Callable[[], Any]) -> list[str]:
    """Return the names of the settings that layers read in a call of a function."""
    asked = _AskedSettings()
    with feed_settings(asked):
        run()
    return [name for name in asked if name]


@keras.saving.register_keras_serializable(package="keras_mtl")
class PresentRowsNormalization(keras.layers.BatchNormalization):
    """Layer that normalizes a batch by the statistics of its present rows.

    All batches of a compiled program have the same size. A batch with fewer rows is
    filled, and the filling must not change mean and variance: `present_rows` sets the
    real rows. Without `present_rows`, the layer is the same as Keras's own.
    """

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        present = _PRESENT.get()
        if present is not None:
            shape = [-1] + [1] * (len(inputs.shape) - 2)
            rows = ops.broadcast_to(ops.reshape(present, shape), ops.shape(inputs)[:-1])
            mask = rows if mask is None else ops.logical_and(rows, mask)
        return super().call(inputs, training=training, mask=mask)


class Draw(NamedTuple):
    """One draw of random numbers in a training step.

    Attributes:
        layer: The name of the layer that draws.
        seed: The state of the layer's seed generator.
        call: The number of this draw among the layer's draws in a step, from 0.
        normal: Whether the numbers are standard normal, or uniform in [0, 1).
        shape: The shape of the numbers.
        dtype: The dtype of the numbers.
        rate: The rate with which the layer compares the numbers, if it needs only the
            results, a byte each; None if it needs the numbers.
    """

    layer: str
    seed: keras.Variable
    call: int
    normal: bool
    shape: tuple[int, ...]
    dtype: str
    rate: float | None = None

    @property
    def fed_dtype(self) -> str:
        """The dtype of the numbers or booleans that are fed to the layer."""
        return self.dtype if self.rate is None else "bool"


class _Record:
    """A record of the draws of a step, which returns zeros in their place."""

    def __init__(self, rates: Mapping[str, Any]) -> None:
        self.draws: list[Draw] = []
        self.rates = rates

    def take(
        self,
        layer: Any,
        normal: bool,
        shape: Sequence[Any],
        dtype: Any,
        rate: float | None = None,
    ) -> Any:
        seed = layer.seed_generator.state
        call = sum(draw.seed is seed for draw in self.draws)
        sizes = tuple(int(size) for size in shape)
        name = keras.backend.standardize_dtype(dtype)
        draw = Draw(layer.name, seed, call, normal, sizes, name, rate)
        self.draws.append(draw)
        return tf.zeros(sizes, draw.fed_dtype)


class _Feed:
    """A source of numbers that were drawn beforehand, in the order of the calls."""

    def __init__(self, noise: Sequence[Any], rates: Mapping[str, Any]) -> None:
        self._noise = iter(noise)
        self.rates = rates

    def take(
        self,
        layer: Any,
        normal: bool,
        shape: Sequence[Any],
        dtype: Any,
        rate: float | None = None,
    ) -> Any:
        return next(self._noise)


@contextlib.contextmanager
def record_noise(own_rates: Iterable[str] = ()) -> Iterator[list[Draw]]:
    """Record the draws of layers in this context instead of drawing.

    Args:
        own_rates: The names of dropout layers that will be fed with rates too.
    """
    record = _Record(dict.fromkeys(own_rates, 0.5))
    token = _NOISE.set(record)
    try:
        yield record.draws
    finally:
        _NOISE.reset(token)


@contextlib.contextmanager
def feed_noise(
    noise: Sequence[Any] | None, rates: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """Feed numbers that were drawn beforehand to layers in this context.

    Args:
        noise: The numbers, in the order of the draws of `record_noise`. With None, each
            layer draws for itself, as in Keras.
        rates: Dropout rates by layer name, in place of the layers' own.
    """
    token = _NOISE.set(None if noise is None else _Feed(noise, rates or {}))
    try:
        yield
    finally:
        _NOISE.reset(token)


def _shape(inputs: Any, noise_shape: Sequence[int | None] | None) -> list[Any]:
    sizes = list(ops.shape(inputs))
    if noise_shape is None:
        return sizes
    return [
        size if fixed is None else fixed
        for size, fixed in zip(sizes, noise_shape, strict=True)
    ]


# Each layer applies its noise exactly as Keras does, but gets the noise from the feed.
# XLA and TensorFlow draw different numbers from one seed, and XLA draws slowly. Numbers
# that are fed in are the same in both, and take XLA no time.
def _dropout(layer: Any, inputs: Any, feed: Any, noise_shape: Sequence[Any]) -> Any:
    rate = feed.rates.get(layer.name)
    if rate is None:
        kept = feed.take(layer, False, noise_shape, inputs.dtype, layer.rate)
        scaled = inputs * tf.cast(1 / (1 - layer.rate), inputs.dtype)
        return tf.where(kept, scaled, tf.zeros_like(inputs))
    noise = feed.take(layer, False, noise_shape, inputs.dtype)
    rate = tf.cast(rate, inputs.dtype)
    # Keras does not accept a rate of 1; members' rates are smaller.
    return tf.where(noise >= rate, inputs * (1 / (1 - rate)), tf.zeros_like(inputs))


def _gaussian_dropout(layer: Any, inputs: Any, feed: Any) -> Any:
    stddev = math.sqrt(layer.rate / (1.0 - layer.rate))
    noise = feed.take(layer, True, ops.shape(inputs), layer.compute_dtype)
    return inputs * (noise * tf.cast(stddev, noise.dtype) + 1)


def _gaussian_noise(layer: Any, inputs: Any, feed: Any) -> Any:
    noise = feed.take(layer, True, ops.shape(inputs), layer.compute_dtype)
    return inputs + noise * tf.cast(layer.stddev, noise.dtype)


def _alpha_dropout(layer: Any, inputs: Any, feed: Any) -> Any:
    shape = _shape(inputs, layer.noise_shape)
    noise = feed.take(layer, False, shape, keras.config.floatx(), layer.rate)
    kept = tf.cast(noise, inputs.dtype)
    # The constants of Klambauer et al. (2017), like in Keras.
    alpha_p = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
    a = ((1 - layer.rate) * (1 + layer.rate * alpha_p**2)) ** -0.5
    b = -a * alpha_p * layer.rate
    return a * (inputs * kept + alpha_p * (1 - kept)) + b


def _spatial(layer: Any, inputs: Any, feed: Any) -> Any:
    return _dropout(layer, inputs, feed, layer._get_noise_shape(inputs))


def _plain(layer: Any, inputs: Any, feed: Any) -> Any:
    return _dropout(layer, inputs, feed, _shape(inputs, layer.noise_shape))


def _fed(
    base: type[keras.layers.Layer], noisy: Callable[[Any, Any, Any], Any]
) -> type[keras.layers.Layer]:
    """Make the class of a random layer whose noise is fed in."""

    def call(self: Any, inputs: Any, training: Any = False) -> Any:
        feed = _NOISE.get()
        rate = getattr(self, "rate", None)
        level = self.stddev if rate is None else rate
        # As in Keras, a layer that drops no units or all units draws no numbers.
        if feed is None or not training or level == 0 or rate == 1:
            return base.call(self, inputs, training=training)
        return noisy(self, inputs, feed)

    name = f"Fed{base.__name__}"
    made = type(name, (base,), {"call": call, "__module__": __name__})
    keras.saving.register_keras_serializable(package="keras_mtl")(made)
    return made


# The classes with noise fed in, by the name of Keras's class.
FED_LAYERS: dict[str, type[keras.layers.Layer]] = {
    base.__name__: _fed(base, noisy)
    for base, noisy in (
        (keras.layers.Dropout, _plain),
        (keras.layers.SpatialDropout1D, _spatial),
        (keras.layers.SpatialDropout2D, _spatial),
        (keras.layers.SpatialDropout3D, _spatial),
        (keras.layers.GaussianDropout, _gaussian_dropout),
        (keras.layers.GaussianNoise, _gaussian_noise),
        (keras.layers.AlphaDropout, _alpha_dropout),
    )
}
# A class is found under its name in the module that it gives as its own.
globals().update({made.__name__: made for made in FED_LAYERS.values()})
