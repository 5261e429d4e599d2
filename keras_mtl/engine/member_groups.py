"""Groups of members that train at the same time, one program per group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.engine.chunks import Chunk, HeldOut
from keras_mtl.engine.epoch import EpochProgram, EpochResult
from keras_mtl.engine.replicas import Replicas

__all__ = ["MemberGroups", "group_slices"]


class MemberGroups:
    """Programs of some members each, used like one program of all members.

    XLA runs one program on several cores by splitting single operations, and most
    operations of a small network are too short to split. Groups of members do not
    depend on each other, so each core can train one group. A single group runs without
    a thread.

    Args:
        programs: Programs that differ only in their members, in the members' order.
            Each has `best`. A single program may train one model without a member axis.

    Attributes:
        programs: The programs.
        slices: The members of each program.
    """

    def __init__(self, programs: Sequence[EpochProgram]) -> None:
        self.programs = list(programs)
        sizes = [program.trainer.members or 1 for program in programs]
        self.slices = _consecutive(sizes)
        self._held_out: tuple[HeldOut | None, list[HeldOut | None]] = (None, [])
        self._threads = ThreadPoolExecutor(len(sizes)) if len(sizes) > 1 else None

    @property
    def members(self) -> int | None:
        """The number of members, K; None for one model without a member axis."""
        if self.programs[0].trainer.members is None:
            return None
        return self.slices[-1].stop

    @property
    def step(self) -> BatchStep:
        """The step of one batch."""
        return self.programs[0].trainer.step

    @property
    def replicas(self) -> Replicas | None:
        """The processes that each take a part of every batch."""
        return self.programs[0].replicas

    @property
    def metric_columns(self) -> list[str]:
        """The names of the metrics of an evaluation."""
        columns: list[str] = self.programs[0].metrics.columns
        return columns

    @property
    def conflict_columns(self) -> list[str]:
        """The columns of the conflict between tasks, or []."""
        return self.programs[0].trainer.conflict_columns

    @property
    def loss_weights(self) -> np.ndarray:
        """The constant factors of the tasks' losses, (T,) or (K, T)."""
        return self._join([each.trainer.loss_weights for each in self.programs])

    @property
    def patience(self) -> int:
        """The patience of `BestWeights`, in epochs."""
        return self._best(lambda best: best.patience)[0]

    @property
    def active(self) -> np.ndarray:
        """Booleans: whether each member still trains, () or (K,)."""
        return self._join(self._best(lambda best: best.active))

    @property
    def best_epoch(self) -> np.ndarray:
        """The epoch of the members' best weights, () or (K,)."""
        return self._join(self._best(lambda best: best.best_epoch))

    def steps_at_once(self, rows: int) -> int:
        """Return how many steps one call may take: see `EpochProgram`."""
        return self.programs[0].steps_at_once(rows, 0)

    def set_rate(self, factor: float) -> None:
        """Set the factor of the learning rate of the variables that have one."""
        for program in self.programs:
            for rate in program.trainer.rates.values():
                rate.assign(factor)

    def __call__(
        self,
        rows: Any = None,
        chunks: Sequence[Chunk] = (),
        held_out: HeldOut | None = None,
        begin: bool = True,
        finish: bool = True,
    ) -> EpochResult:
        """Run some steps, an evaluation, or both: see `EpochProgram`.

        Returns:
            The results of all members, as arrays. The number of steps is that of the
            first group.
        """
        if self._threads is None:
            (program,) = self.programs
            results = [program(rows, chunks, held_out, begin, finish)]
        else:
            parts = self._parts(held_out)

            def run(index: int) -> EpochResult:
                own = [
                    chunk._replace(order=chunk.order[:, self.slices[index]])
                    for chunk in chunks
                ]
                program = self.programs[index]
                return program(rows, own, parts[index], begin, finish)

            results = list(self._threads.map(run, range(len(parts))))
        return EpochResult(
            results[0].steps,
            self._join([each.training for each in results]),
            self._join([each.evaluation for each in results]),
        )

    def state(self) -> list[tf.Tensor]:
        """Return copies of all state of training, with the axis of all members."""
        return [
            tf.identity(values[0]) if _is_common(values[0]) else tf.concat(values, 0)
            for values in zip(*self.state_variables(), strict=True)
        ]

    def set_state(self, values: Sequence[Any]) -> None:
        """Resume from a state, which may come from other groups."""
        for variables, part in zip(self.state_variables(), self.slices, strict=True):
            for variable, value in zip(variables, values, strict=True):
                whole = len(self.programs) == 1 or _is_common(variable)
                variable.assign(value if whole else value[part])

    def weights_and_statistics(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the values to keep: the best, or those of the last epoch."""
        found = [
            program.best.weights_and_statistics(program.trainer)
            for program in self.programs
            if program.best is not None
        ]
        weights, statistics = (
            [self._join(values) for values in zip(*kind, strict=True)]
            for kind in zip(*found, strict=True)
        )
        return weights, statistics

    def release_rows(self) -> None:
        """Release the rows of the last call at the end of a fit."""
        self._held_out = (None, [])
        for program in self.programs:
            program.release_rows()

    def _parts(self, held_out: HeldOut | None) -> list[HeldOut | None]:
        """Return the groups' parts of the rows: the same objects for the same rows."""
        if held_out is None:
            return [None] * len(self.slices)
        if self._held_out[0] is not held_out:
            order = held_out.order
            assert order is not None
            self._held_out = (
                held_out,
                [held_out._replace(order=order[part]) for part in self.slices],
            )
        return self._held_out[1]

    def state_variables(self) -> list[list[keras.Variable]]:
        """Return all state of each group's training, in the same order."""
        return [
            [*program.trainer.variables, *program.best.variables]
            for program in self.programs
            if program.best is not None
        ]

    def _best(self, read: Callable[[Any], Any]) -> list[Any]:
        return [read(program.best) for program in self.programs]

    def _join(self, values: Sequence[Any]) -> Any:
        if values[0] is None:
            return None
        arrays = [keras.ops.convert_to_numpy(each) for each in values]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _is_common(variable: Any) -> bool:
    """Return whether all members share a variable, such as a count of steps."""
    return len(variable.shape) == 0


def group_slices(members: int, groups: int) -> list[slice]:
    """Split members into consecutive groups of nearly equal size.

    Example:

    >>> group_slices(5, 2)
    [slice(0, 3, None), slice(3, 5, None)]
    """
    sizes = [members // groups + (i < members % groups) for i in range(groups)]
    return _consecutive(sizes)


def _consecutive(sizes: Sequence[int]) -> list[slice]:
    """Return consecutive slices of given sizes."""
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
