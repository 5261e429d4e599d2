"""The epochs of a fit of members, and their history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_labels, pack_weights
from keras_mtl.engine.chunks import Chunk, HeldOut
from keras_mtl.engine.member_groups import MemberGroups
from keras_mtl.engine.rows import (
    NO_ROW,
    batch_order,
    gather_rows,
    rows_in_order,
)
from keras_mtl.engine.shared_arrays import as_tensor
from keras_mtl.training.pretrained import Pretrained
from keras_mtl.training.progress import Progress
from keras_mtl.training.settings import TrainingSettings

__all__ = ["MemberLoop"]

# Of rows that are read from a disk, at most so many numbers are read ahead.
NUMBERS_PER_READ = 2**22


class MemberLoop:
    """The epochs of a fit of members, and their history."""

    def __init__(
        self,
        groups: MemberGroups,
        inputs: np.ndarray,
        labels: Mapping[str, np.ndarray],
        weights: np.ndarray | Mapping[str, np.ndarray] | None,
        rows: Sequence[np.ndarray],
        validation_rows: Sequence[np.ndarray] | None,
        settings: TrainingSettings,
        seed: int,
        numbers: Sequence[int],
        pretrained: Pretrained | None = None,
        raise_on_failure: bool = True,
    ) -> None:
        self.pretrained, self.raise_on_failure = pretrained, raise_on_failure
        self.groups, self.settings, self.rows = groups, settings, rows
        self.members = groups.members
        blocks = groups.step.blocks
        tasks = [task.name for task in groups.step.model.tasks]
        packed = pack_labels(
            blocks,
            {name: as_tensor(labels[name]) for name in tasks},
        )
        # Rows on a disk are read for each call.
        self.on_disk = inputs if isinstance(inputs, np.memmap) else None
        in_memory = None if self.on_disk is not None else as_tensor(inputs)
        # A validation is without weights.
        self.held_out_data = Batch(in_memory, packed)
        self.data = Batch(in_memory, packed, pack_weights(blocks, weights))
        self.row_numbers = int(np.prod(inputs.shape[1:]))
        self.generators = [np.random.default_rng((seed, number)) for number in numbers]
        self.held_out: list[np.ndarray] = []
        if validation_rows is not None:
            self.held_out = [
                self._without_axis(part) for part in rows_in_order(validation_rows)
            ]
        # What a call of few rows evaluates is the same in each epoch.
        self.held_out_at_once = None
        if len(self.held_out) == 1 and self.on_disk is None:
            self.held_out_at_once = self._held_out(self.held_out[0])
        self.names = _columns(groups, tasks, bool(self.held_out))
        self.history: list[np.ndarray] = []
        self.latest = np.zeros((len(self.names), len(rows)))

    def run(
        self,
        resume_from: Progress | None,
        on_epoch: Callable[[int, dict[str, float]], None] | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        """Train through all epochs. See `fit_members`."""
        if resume_from is not None:
            self._resume(resume_from)
        active = np.atleast_1d(self.groups.active)
        with ThreadPoolExecutor(1) as reader:
            for epoch in range(len(self.history), self.settings.epochs):
                if not active.any():
                    break
                row = self._epoch(epoch, reader)
                if self.raise_on_failure:
                    _require_finite(self.names, row[:, active], epoch)
                self.latest = np.where(active, row, self.latest)
                self.history.append(np.where(active, row, np.nan))
                if on_epoch is not None:
                    means = pd.DataFrame(self.latest).mean(axis=1)
                    pairs = zip(self.names, means.tolist(), strict=True)
                    on_epoch(epoch + 1, dict(pairs))
                if on_progress is not None:
                    on_progress(self._progress())
                if self.groups.patience:
                    active = np.atleast_1d(self.groups.active)

    def _epoch(self, epoch: int, reader: ThreadPoolExecutor) -> np.ndarray:
        """Train through an epoch, evaluate, and return (columns, K) values."""
        if self.pretrained is not None:
            self.groups.set_rate(self.pretrained.rate_in(epoch))
        order = batch_order(self.rows, self.settings.batch_size, self.generators)
        order = self._without_axis(np.swapaxes(order, 0, 1))
        calls = self._calls(order)
        # In one call with the last steps, if the rows are few.
        joined = len(self.held_out) == 1
        training = evaluation = None
        for index, (chunk, inputs) in enumerate(self._read(calls, reader)):
            last = index == len(calls) - 1
            held_out = None
            if joined and last:
                held_out = self.held_out_at_once or self._held_out(self.held_out[0])
            result = self.groups(
                self.data,
                [_chunk(chunk, inputs, epoch)],
                held_out,
                begin=index == 0,
                finish=last,
            )
            training = result.training
            evaluation = result.evaluation
        if not joined:
            for index, part in enumerate(self.held_out):
                evaluation = self.groups(
                    held_out=self._held_out(part),
                    begin=index == 0,
                    finish=index == len(self.held_out) - 1,
                ).evaluation
        return self._row(training, evaluation)

    def _calls(self, order: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
        """Cut an order into calls: the first step, the steps, and their order."""
        steps, batch = order.shape[0], order.shape[-1]
        at_once = self.groups.steps_at_once(batch)
        if self.on_disk is not None:
            numbers = int(np.prod(order.shape[1:])) * self.row_numbers
            at_once = min(at_once, max(1, NUMBERS_PER_READ // max(numbers, 1)))
        at_once = min(at_once, steps)
        calls = []
        for first in range(0, steps, at_once):
            part = order[first : first + at_once]
            lacking = at_once - len(part)
            if lacking:
                # A call of another shape would be compiled anew.
                empty = np.full((lacking, *order.shape[1:]), NO_ROW, "int32")
                part = np.concatenate([part, empty])
            calls.append((first, at_once - lacking, part))
        return calls

    def _read(
        self, calls: list[tuple[int, int, np.ndarray]], reader: ThreadPoolExecutor
    ) -> Iterator[tuple[tuple[int, int, np.ndarray], Any]]:
        """Give each call with its inputs, and read those of the next meanwhile."""
        if self.on_disk is None:
            yield from ((call, None) for call in calls)
            return
        reading = reader.submit(self._gather, calls[0][2])
        for index, call in enumerate(calls):
            inputs = reading.result()
            if index + 1 < len(calls):
                reading = reader.submit(self._gather, calls[index + 1][2])
            yield call, tf.constant(inputs)

    def _gather(self, order: np.ndarray) -> np.ndarray:
        replicas = self.groups.replicas
        if replicas is not None:
            order = replicas.part(tf.constant(order), NO_ROW).numpy()
        assert self.on_disk is not None
        return gather_rows(self.on_disk, order)

    def _held_out(self, order: np.ndarray) -> HeldOut:
        inputs = None
        if self.on_disk is not None:
            inputs = tf.constant(gather_rows(self.on_disk, order))
        return HeldOut(self.held_out_data, tf.constant(order), inputs)

    def _row(self, training: Any, evaluation: Any) -> np.ndarray:
        weights = np.atleast_2d(self.groups.loss_weights)
        tasks = weights.shape[1]
        parts = []
        columns = np.atleast_2d(training)
        parts = [
            np.sum(columns[:, :tasks] * weights, axis=1)[None],
            columns[:, :tasks].T,
        ]
        if evaluation is not None:
            held = np.atleast_2d(evaluation)
            joint = np.sum(held[:, :tasks] * weights, axis=1)[None]
            parts += [joint, held.T]
        parts.append(columns[:, tasks:].T)
        return np.concatenate(parts).astype("float64")

    def _without_axis(self, order: np.ndarray) -> np.ndarray:
        """Drop the axis of one member: (..., K, rows) to (..., rows)."""
        return order if self.members else order[..., 0, :]

    def _progress(self) -> Progress:
        states = [generator.bit_generator.state for generator in self.generators]
        return Progress(self.groups.state(), states, [*self.history], self.latest)

    def _resume(self, progress: Progress) -> None:
        self.groups.set_state(progress.state_like(self.groups.state()))
        progress.set_generators(self.generators)
        self.history, self.latest = list(progress.history), progress.latest


def _chunk(call: tuple[int, int, np.ndarray], inputs: Any, epoch: int) -> Chunk:
    first, steps, order = call
    return Chunk(
        tf.constant(np.ascontiguousarray(order)),
        tf.constant(steps),
        inputs,
        tf.constant(epoch),
        tf.constant(first),
    )


def _columns(groups: MemberGroups, tasks: list[str], validated: bool) -> list[str]:
    """Return the names of the history's columns, as Keras has them."""
    losses = ["loss", *[f"{task}_loss" for task in tasks]]
    validation = []
    if validated:
        validation = [f"val_{name}" for name in losses + groups.metric_columns]
    return losses + validation + groups.conflict_columns


def _require_finite(names: list[str], values: np.ndarray, epoch: int) -> None:
    """Raise where a task's loss of a member is NaN or infinite."""
    broken = [
        name
        for name, row in zip(names, values, strict=True)
        if name.endswith("_loss") and not np.isfinite(row).all()
    ]
    if broken:
        raise FloatingPointError(
            f"Expected finite losses. Received: {', '.join(broken)} is NaN or infinite "
            f"in epoch {epoch + 1}. Lower the learning rate, or look for extreme "
            "values in the inputs and labels."
        )
