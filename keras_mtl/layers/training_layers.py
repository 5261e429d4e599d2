"""Layers that stand for Keras's own in the graph that training runs."""

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
    """Tell the normalizations called inside which rows of the batch are present.

    Args:
        present: Booleans of shape (N,), or None for all.
    """
    token = _PRESENT.set(present)
    try:
        yield
    finally:
        _PRESENT.reset(token)


def mean_over_present(values: Any) -> Any:
    """Return the mean over the rows that are present.

    A layer that adds a loss of its rows uses it, so that rows that only fill up
    a batch do not count.

    Args:
        values: A tensor whose last axis has the rows.
    """
    present = _PRESENT.get()
    if present is None:
        return ops.mean(values, axis=-1)
    weights = ops.cast(present, values.dtype)
    return ops.sum(values * weights, axis=-1) / ops.maximum(ops.sum(weights), 1.0)


def setting_value(name: str, value: Any) -> Any:
    """Returns a member's own value of an architecture's setting.

    A layer or a regularizer whose strength is a setting of the architecture asks
    for it in its call. Members of one program may then have strengths of their own:
    see `ArchitectureSettings.plain_numbers`.

    Args:
        name: The setting; `""` if the number is none.
        value: What holds where members have no values of their own.

    Example:

    >>> with feed_settings({"strength": 0.5}):
    ...     setting_value("strength", 0.1), setting_value("overlap", 0.1)
    (0.5, 0.1)
    """
    values = _SETTINGS.get()
    return value if values is None else values.get(name, value)


@contextlib.contextmanager
def feed_settings(values: Mapping[str, Any] | None) -> Iterator[None]:
    """Give the layers called inside a member's own settings.

    Args:
        values: By the name of a setting of the architecture its value, a scalar.
    """
    token = _SETTINGS.set(values)
    try:
        yield
    finally:
        _SETTINGS.reset(token)


class _AskedSettings(dict[str, Any]):
    """Notes for which settings layers ask."""

    def get(self, name: str, value: Any = None) -> Any:
        self[name] = value
        return value


def asked_settings(run: Callable[[], Any]) -> list[str]:
    """Returns for which settings the layers that a function calls ask."""
    asked = _AskedSettings()
    with feed_settings(asked):
        run()
    return [name for name in asked if name]


@keras.saving.register_keras_serializable(package="keras_mtl")
class PresentRowsNormalization(keras.layers.BatchNormalization):
    """A batch normalization of the rows that are present.

    Batches of one compiled program have one size. A batch that has fewer rows
    is filled up, and mean and variance must not see what fills it:
    `present_rows` says which rows are real. Without it, this is Keras's own
    layer.
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
        layer: The name of the layer that uses it.
        seed: The state of the layer's seed generator.
        call: The number of this draw among those of the layer in a step.
        normal: Whether the numbers are standard normal, or uniform in [0, 1).
        shape: The shape of the numbers.
        dtype: Their type.
        rate: What the layer wants to know of the numbers is whether they reach this
            rate, a byte each; None if it wants the numbers.
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
        """The type of what the layer is fed with."""
        return self.dtype if self.rate is None else "bool"


class _Record:
    """Notes which numbers a step draws, and gives zeros in their place."""

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
    """Gives the numbers drawn beforehand, in the order of the calls."""

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
    """Note the draws of the layers called inside instead of drawing.

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
    """Feed numbers drawn beforehand to the layers called inside.

    Args:
        noise: The numbers, in the order in which `record_noise` noted them;
            None lets each layer draw for itself, as in Keras.
        rates: By a layer's name the rate of its dropout in place of its own.
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


# Each takes its noise from the feed and does with it exactly what Keras does.
# XLA and TensorFlow draw different numbers from one seed, and XLA draws slowly:
# numbers that are fed in are the same in both, and cost XLA nothing.
def _dropout(layer: Any, inputs: Any, feed: Any, noise_shape: Sequence[Any]) -> Any:
    rate = feed.rates.get(layer.name)
    if rate is None:
        kept = feed.take(layer, False, noise_shape, inputs.dtype, layer.rate)
        scaled = inputs * tf.cast(1 / (1 - layer.rate), inputs.dtype)
        return tf.where(kept, scaled, tf.zeros_like(inputs))
    noise = feed.take(layer, False, noise_shape, inputs.dtype)
    rate = tf.cast(rate, inputs.dtype)
    # A rate of 1 is refused; members' rates are below.
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
    # The constants of Klambauer et al. (2017), as in Keras.
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
        # A layer that drops nothing or everything draws nothing in Keras either.
        if feed is None or not training or level == 0 or rate == 1:
            return base.call(self, inputs, training=training)
        return noisy(self, inputs, feed)

    name = f"Fed{base.__name__}"
    made = type(name, (base,), {"call": call, "__module__": __name__})
    keras.saving.register_keras_serializable(package="keras_mtl")(made)
    return made


# By the name of Keras's class, the class with the noise fed in.
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
