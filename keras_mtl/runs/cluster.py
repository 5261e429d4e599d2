"""Connection of the workers that train one run, and detection of lost workers."""

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

# The time that a worker waits for the others to start.
MINUTES_TO_START = 10

# TensorFlow's errors for a process that has ended or does not respond.
LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    # TensorFlow's error for a process that was restarted in the meantime.
    tf.errors.FailedPreconditionError,
    tf.errors.UnavailableError,
)


def join_workers(workers: Workers, screen: int) -> Replicas:
    """Wait for all workers, and connect them.

    Each worker uses one device: its first GPU, or otherwise its CPU. Call this function
    before any other use of TensorFlow.

    Args:
        workers: The workers of TF_CONFIG.
        screen: The file descriptor of the standard error.
    """
    devices = tf.config.list_physical_devices("GPU")[:1]
    tf.config.set_visible_devices(devices, "GPU")
    # TensorFlow waits in C++ and does not let other Python code run. Only this ends the
    # process, with exit status 1 and the line that waits.
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
    """Report the loss of another worker while the context lasts.

    Args:
        workers: The workers of TF_CONFIG.

    Raises:
        RunStoppedError: If the code in the context fails because a worker is lost.
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
    """Check that all workers have the settings and the data of the chief.

    All workers must call this function.

    Args:
        replicas: The connection of the workers.
        workers: The workers of TF_CONFIG.
        settings: The settings as plain values.
        data: The digests from `data_digests`.

    Raises:
        UserError: If workers differ from the chief; the message names them.
    """
    # The path of the data may differ between machines.
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
