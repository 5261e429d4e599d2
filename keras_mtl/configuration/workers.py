"""Role of this process among several workers, from TF_CONFIG."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_mtl.errors import UserError, did_you_mean, show_value

__all__ = ["Workers", "read_workers"]

# The kinds of tasks that train; a chief is worker 0 by another name.
TRAINING = ("chief", "worker")
FORM = (
    '{"cluster": {"worker": ["host:port", "host:port"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


@dataclass(frozen=True)
class Workers:
    """The processes that train one model together, and which one this is.

    Attributes:
        addresses: Host and port of each; the first is the chief's.
        index: The number of this process, from 0.
        has_chief: Whether TF_CONFIG calls the first one chief, and numbers the
            workers after it from 0.
    """

    addresses: tuple[str, ...]
    index: int
    has_chief: bool = False

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.addresses)

    @property
    def is_chief(self) -> bool:
        """Whether this one writes the run and talks to the user."""
        return self.index == 0

    def number(self, kind: str, index: int) -> int:
        """Return the number of a process that TF_CONFIG has by kind and index."""
        return index + (self.has_chief and kind == "worker")

    def describe(self, index: int) -> str:
        """Return the name of a worker in messages."""
        return f"worker {index} of {self.count} ({self.addresses[index]})"


def read_workers(environment: Mapping[str, str]) -> Workers | None:
    """Read TF_CONFIG.

    Args:
        environment: The environment's variables.

    Returns:
        The workers, or None when this process trains alone.

    Raises:
        UserError: With all errors in it.

    Example:

    >>> cluster = '{"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}'
    >>> read_workers({"TF_CONFIG": '{"cluster": ' + cluster + "}"})
    Workers(addresses=('a:1', 'b:1'), index=1, has_chief=False)
    """
    text = environment.get("TF_CONFIG", "").strip()
    if not text:
        return None
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"TF_CONFIG: expected JSON such as {FORM}; received {show_value(text)}: "
            f"{error}."
        ) from None
    if not isinstance(config, dict):
        raise UserError(
            f"TF_CONFIG: expected JSON such as {FORM}; received {show_value(config)}."
        )
    cluster = config.get("cluster")
    if cluster is None or cluster == {}:
        return None
    errors = _cluster_errors(cluster)
    if errors:
        raise UserError(*errors)
    kind, index = _task(config.get("task"), cluster)
    addresses = tuple(address for each in TRAINING for address in cluster.get(each, ()))
    workers = Workers(addresses, 0, "chief" in cluster)
    if workers.count == 1:
        return None
    return dataclasses.replace(workers, index=workers.number(kind, index))


def _cluster_errors(cluster: Any) -> list[str]:
    if not isinstance(cluster, dict):
        return [
            "TF_CONFIG: cluster: expected lists of addresses by the kind of task; "
            f"received {show_value(cluster)}."
        ]
    errors = []
    for kind, addresses in cluster.items():
        where = f"TF_CONFIG: cluster.{kind}"
        if kind not in TRAINING:
            errors.append(
                f"{where}: expected only {' and '.join(TRAINING)}, which train; this "
                f"kind of task does not.{did_you_mean(kind, TRAINING)}"
            )
        if not isinstance(addresses, list) or not addresses:
            errors.append(
                f"{where}: expected a list of addresses; received "
                f"{show_value(addresses)}."
            )
            continue
        errors += [
            f"{where}: expected HOST:PORT; received {show_value(address)}."
            for address in addresses
            if not _is_address(address)
        ]
        if kind == "chief" and len(addresses) > 1:
            errors.append(f"{where}: expected one chief; received {len(addresses)}.")
    if not errors:
        every = [address for addresses in cluster.values() for address in addresses]
        errors += [
            f"TF_CONFIG: cluster: expected addresses that differ; received {address!r} "
            "more than once."
            for address in dict.fromkeys(every)
            if every.count(address) > 1
        ]
    return errors


def _is_address(address: Any) -> bool:
    if not isinstance(address, str):
        return False
    host, colon, port = address.rpartition(":")
    return bool(colon and host and port.isascii() and port.isdigit()) and (
        0 < int(port) < 2**16
    )


def _task(task: Any, cluster: Mapping[str, Any]) -> tuple[str, int]:
    """Return the kind and the index of this process."""
    if not isinstance(task, dict):
        raise UserError(
            'TF_CONFIG: task: expected this process, such as {"type": "worker", '
            f'"index": 0}}; received {show_value(task)}.'
        )
    kind, index = task.get("type"), task.get("index")
    if not isinstance(kind, str) or kind not in cluster:
        raise UserError(
            f"TF_CONFIG: task.type: expected one of {', '.join(cluster)}, as in the "
            f"cluster; received {show_value(kind)}."
        )
    # TensorFlow takes the index as text as well.
    number = int(index) if isinstance(index, str) and index.isdecimal() else index
    most = len(cluster[kind]) - 1
    if (
        not isinstance(number, int)
        or isinstance(number, bool)
        or not 0 <= number <= most
    ):
        raise UserError(
            f"TF_CONFIG: task.index: expected a number from 0 to {most}, as the "
            f"cluster has {most + 1} of type {kind}; received {show_value(index)}."
        )
    return kind, number
