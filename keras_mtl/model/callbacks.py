"""Callbacks of every fit, and checks of the user's callbacks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import keras

__all__ = [
    "EndOfEpoch",
    "PlainCallbackList",
    "RequireFiniteLosses",
    "begins_tests",
    "warn_of_batches",
    "watches_test_batches",
    "watches_train_batches",
    "with_own_callbacks",
]

TRAIN_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
)
TEST_HOOKS = ("on_test_batch_begin", "on_test_batch_end")


class PlainCallbackList(keras.callbacks.CallbackList):
    """A `CallbackList` for logs that already hold Python's numbers.

    Keras's own list checks in each call whether each value is a tensor, which takes
    longer than an epoch of a small network with many metrics.
    """

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = _sorted(logs)
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        logs = _sorted(logs)
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        logs = _sorted(logs)
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs=logs)

    def on_test_end(self, logs: Any = None) -> None:
        logs = _sorted(logs)
        for callback in self.callbacks:
            callback.on_test_end(logs)


def _sorted(logs: Any) -> dict[str, Any]:
    # In Keras's order.
    return dict(sorted((logs or {}).items()))


class EndOfEpoch(keras.callbacks.Callback):
    """A callback that informs the weighting of the end of an epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.end_epoch()


class RequireFiniteLosses(keras.callbacks.Callback):
    """A callback that raises an error at the first loss that is NaN or infinite."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        broken = [
            name
            for name, value in (logs or {}).items()
            if name.endswith("_loss") and not math.isfinite(value)
        ]
        if broken:
            raise FloatingPointError(
                f"Expected finite losses. Received: {', '.join(sorted(broken))} is NaN "
                f"or infinite in epoch {self.epoch + 1}, step {batch + 1}. Lower the "
                "learning rate, or look for extreme values in the inputs and labels."
            )


def with_own_callbacks(callbacks: Any) -> Any:
    """Put the callbacks of every fit before the user's.

    The user's callbacks then save a state that is up to date.

    Args:
        callbacks: Callbacks, one callback, a `CallbackList` or None.
    """
    if isinstance(callbacks, keras.callbacks.CallbackList):
        own = _own(callbacks.callbacks)
        for callback in own:
            callback.set_model(callbacks.model)
            callback.set_params(callbacks.params)
        callbacks.callbacks[:0] = own
        return callbacks
    if callbacks is None:
        callbacks = []
    elif not isinstance(callbacks, list | tuple):
        callbacks = [callbacks]
    return [*_own(callbacks), *callbacks]


def _own(callbacks: Sequence[Any]) -> list[keras.callbacks.Callback]:
    terminates = any(
        isinstance(each, keras.callbacks.TerminateOnNaN) for each in callbacks
    )
    # A user who stops at a loss that is not finite does not want an error.
    return [EndOfEpoch()] if terminates else [RequireFiniteLosses(), EndOfEpoch()]


def watches_train_batches(
    callbacks: Iterable[keras.callbacks.Callback],
) -> list[keras.callbacks.Callback]:
    """Return the callbacks that act at each training batch.

    Example:

    >>> def show(batch, logs):
    ...     print(batch)
    >>> watches_train_batches([keras.callbacks.EarlyStopping()])
    []
    >>> callback = keras.callbacks.LambdaCallback(on_train_batch_end=show)
    >>> watches_train_batches([callback]) == [callback]
    True
    """
    return [each for each in callbacks if _watches(each, TRAIN_HOOKS)]


def watches_test_batches(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Return whether a callback acts at each batch of an evaluation."""
    return any(_watches(callback, TEST_HOOKS) for callback in callbacks)


def begins_tests(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Return whether a callback acts before an evaluation.

    Such a callback may change weights, so training has to end before it.
    """
    return any(
        _has(callback, "on_test_begin") and not _goes_by_epochs(callback)
        for callback in callbacks
    )


def warn_of_batches(callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Warn that callbacks are called at each batch, which is slower."""
    names = sorted({type(callback).__name__ for callback in callbacks})
    warnings.warn(
        f"`fit` goes batch by batch, as {', '.join(names)} is called at each batch: "
        "small networks train several times slower so than with whole epochs compiled. "
        "A callback of epochs alone does not cost this.",
        stacklevel=4,
    )


def _watches(callback: keras.callbacks.Callback, hooks: Iterable[str]) -> bool:
    return not _goes_by_epochs(callback) and any(_has(callback, hook) for hook in hooks)


def _has(callback: keras.callbacks.Callback, hook: str) -> bool:
    # A hook may be a method of a subclass, or a function set on the object.
    function = getattr(getattr(callback, hook), "__func__", None)
    return function is not getattr(keras.callbacks.Callback, hook)


def _goes_by_epochs(callback: keras.callbacks.Callback) -> bool:
    """Return whether a callback of Keras needs only one call for many batches.

    The progress bar shows the progress for any number of batches per call. A compiled
    epoch ends with the step whose loss is not finite. TensorBoard, with its default
    settings, logs once per epoch.
    """
    kind = type(callback)
    if kind in (keras.callbacks.ProgbarLogger, keras.callbacks.TerminateOnNaN):
        return True
    if kind is RequireFiniteLosses:
        return True
    if kind is keras.callbacks.TensorBoard:
        return (
            callback.update_freq == "epoch"
            and not callback.write_steps_per_second
            and not callback._should_trace
        )
    return kind in _SAVERS and getattr(callback, "save_freq", None) == "epoch"


_SAVERS = (keras.callbacks.BackupAndRestore, keras.callbacks.ModelCheckpoint)
