"""Whether callbacks have to be called at every batch."""

from __future__ import annotations

from collections.abc import Iterable

import keras

__all__ = ["watches_test_batches", "watches_train_batches"]

TRAIN_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
)
TEST_HOOKS = ("on_test_batch_begin", "on_test_batch_end")


def watches_train_batches(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Says whether a callback does something at each batch of training.

    Example:

    >>> def tell(batch, logs):
    ...     print(batch)
    >>> watches_train_batches([keras.callbacks.EarlyStopping()])
    False
    >>> watches_train_batches([keras.callbacks.LambdaCallback(on_train_batch_end=tell)])
    True
    """
    return any(_watches(callback, TRAIN_HOOKS) for callback in callbacks)


def watches_test_batches(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Says whether a callback does something at each batch of an evaluation."""
    return any(_watches(callback, TEST_HOOKS) for callback in callbacks)


def _watches(callback: keras.callbacks.Callback, hooks: Iterable[str]) -> bool:
    if isinstance(callback, keras.callbacks.ProgbarLogger):
        # It shows how far training is, however many batches a call has.
        return False
    if getattr(callback, "save_freq", None) == "epoch":
        return False
    if getattr(callback, "many_batches_a_call", False):
        return False
    # A hook may be a method of a subclass, or a function put on the object.
    return any(
        getattr(getattr(callback, hook), "__func__", None)
        is not getattr(keras.callbacks.Callback, hook)
        for hook in hooks
    )
