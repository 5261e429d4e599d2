"""Joining the workers that train one run together, and noticing their loss."""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_mtl.configuration.workers import Workers
from keras_mtl.engine.replicas import Replicas
from keras_mtl.errors import RunStoppedError, UserError

__all__ = ["join_workers", "notice_loss", "require_agreement"]

# So long a worker waits for the others to start.
MINUTES_TO_START = 10

# What TensorFlow raises when another process has gone, or answers no more.
LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    # One that was restarted in the meantime is no longer the same one.
    tf.errors.FailedPreconditionError,
    tf.errors.UnavailableError,
)


def join_workers(workers: Workers, screen: int) -> Replicas:
    """Wait for all workers, and let them exchange what they compute.

    Each takes one device: its first GPU, or else its CPU. It must be called
    before TensorFlow does anything else.

    Args:
        workers: Those of TF_CONFIG.
        screen: The file number of the standard error.
    """
    devices = tf.config.list_physical_devices("GPU")[:1]
    tf.config.set_visible_devices(devices, "GPU")
    # TensorFlow waits in C++ and lets no other Python run: this alone ends it,
    # with exit status 1 and the line that waits.
    faulthandler.dump_traceback_later(60 * MINUTES_TO_START, exit=True, file=screen)
    try:
        strategy = _wait_for_all_workers_of_tf_config()
    finally:
        faulthandler.cancel_dump_traceback_later()
    return Replicas(strategy, workers.index, workers.count)


def _wait_for_all_workers_of_tf_config() -> tf.distribute.Strategy:
    return tf.distribute.MultiWorkerMirroredStrategy()


@contextlib.contextmanager
def notice_loss(workers: Workers) -> Iterator[None]:
    """Report clearly that another worker is lost.

    Args:
        workers: Those of TF_CONFIG.

    Raises:
        RunStoppedError: If what is done inside fails for that reason.
    """
    try:
        yield
    except LOST as error:
        raise RunStoppedError(
            f"{workers.describe(workers.index)} lost {_lost(workers, str(error))}. "
            "When all have ended, start them all again with --resume: the chief keeps "
            "the last epoch."
        ) from error


def _lost(workers: Workers, message: str) -> str:
    found = re.search(r"/job:(\w+)/replica:\d+/task:(\d+)", message)
    if found is not None:
        number = workers.number(found[1], int(found[2]))
        if number != workers.index:
            return workers.describe(number)
    if workers.count == 2:
        return workers.describe(1 - workers.index)
    return "another one"


def require_agreement(
    replicas: Replicas,
    workers: Workers,
    settings: Mapping[str, Any],
    data: Mapping[str, str],
) -> None:
    """Refuse to train when workers have other settings or data than the chief.

    All workers must call it.

    Args:
        replicas: What the workers exchange by.
        workers: Those of TF_CONFIG.
        settings: The settings, plain.
        data: As `data_digests` gives them.

    Raises:
        UserError: With the workers that differ.
    """
    # Where the data lie may differ from machine to machine.
    place = {"path", "test_path"}
    own = {k: v for k, v in settings.get("data", {}).items() if k not in place}
    parts = {"settings": {**settings, "data": own}, "data": dict(data)}
    digests = {name: _numbers(replicas, value) for name, value in parts.items()}
    errors = [
        f"{workers.describe(index)}: expected the {name} of the chief, "
        f"{workers.addresses[0]}; received other {name}. Start all workers with the "
        "same command on the same rows."
        for name, numbers in digests.items()
        for index in range(1, workers.count)
        if not np.array_equal(numbers[index], numbers[0])
    ]
    if errors:
        raise UserError(*errors)


def _numbers(replicas: Replicas, value: Any) -> np.ndarray:
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
    return replicas.gather(np.frombuffer(digest, "uint8").astype("int32"))
