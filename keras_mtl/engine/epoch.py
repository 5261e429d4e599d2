"""One epoch of one model, or of many members, as one compiled program."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.model_graph import row_size
from keras_mtl.engine.batch_step import Tensors
from keras_mtl.engine.best_weights import BestWeights
from keras_mtl.engine.chunks import Chunk, HeldOut, take_rows
from keras_mtl.engine.compiled_calls import CompiledCalls
from keras_mtl.engine.epoch_metrics import LossSums
from keras_mtl.engine.replicas import Replicas
from keras_mtl.engine.rows import NO_ROW
from keras_mtl.engine.trainer import MemberValues, Trainer, Update
from keras_mtl.weighting import fixed_loops

__all__ = [
    "EpochProgram",
    "EpochResult",
    "EpochSettings",
]

# The largest number of outputs of an epoch's steps that are kept for its metrics.
OUTPUTS_AT_ONCE = 2**22
# XLA computes the metrics and the evaluation of few rows together with the steps, and
# saves the time in which TensorFlow starts some hundred operations. With more rows than
# these, XLA would be slower: it sums predictions, and much else, on one core.
EVALUATED_BY_XLA = 2**21
COUNTED_BY_XLA = 2**17


class EpochResult(NamedTuple):
    """Result of one call of the program.

    Attributes:
        steps: The number of steps taken, or None without training.
        training: The results of the training metrics so far.
        evaluation: The results of the evaluation so far.
    """

    steps: Any
    training: Any
    evaluation: Any


@dataclass(frozen=True)
class EpochSettings:
    """Settings that are the same for all epochs of a program.

    Attributes:
        fill_batches: Whether some batches have fewer rows than others and are filled
            with `NO_ROW`.
        unequal_steps: Whether a member has fewer steps than others. After its last
            step, its variables do not change.
        one_model: Whether this is Keras's `fit` of one model. It computes training
            metrics, and an epoch ends with the step that makes a loss NaN or infinite.
        jit_compile: Whether XLA compiles the loop over the steps.
        one_xla_program: Whether XLA compiles the metrics and the evaluation of few
            rows together with the loop.
        run_eagerly: Whether nothing is compiled.
    """

    fill_batches: bool = False
    unequal_steps: bool = False
    one_model: bool = False
    jit_compile: bool = False
    one_xla_program: bool = False
    run_eagerly: bool = False


class EpochProgram:
    """A compiled epoch: training and evaluation in one call.

    Keras calls a compiled function for each batch, which for a small network
    takes many times as long as the batch itself. Here the function contains the loop
    over batches. Random numbers and metrics are outside of what XLA compiles, but
    inside the one function that Python calls.

    Args:
        trainer: The trainer, which makes the updates.
        metrics: The `EpochMetrics` of training and evaluation.
        settings: The settings for all epochs.
        values: The members' own values.
        seeds: The states of random layers before the first epoch, by position, if the
            random numbers depend on epoch and step alone; None if they continue from
            the layers' own variables, as in Keras.
        replicas: The processes that each take a part of every batch.
        best: The members' best weights; None for one model, for which Keras's callbacks
            keep them.
    """

    def __init__(
        self,
        trainer: Trainer,
        metrics: Any,
        settings: EpochSettings,
        values: MemberValues | None = None,
        seeds: Mapping[int, tf.Tensor] | None = None,
        replicas: Replicas | None = None,
        best: BestWeights | None = None,
    ) -> None:
        self.trainer = trainer
        self.metrics = metrics
        self.settings = settings
        self.values = values
        self.seeds = seeds
        self.replicas = replicas
        self.best = best
        self._loop: Any = self._steps
        self._whole: Any = self._train_and_evaluate
        self._run: Any = self._program
        if not settings.run_eagerly:
            # No function here has Python control flow on tensors. The search for it in
            # all of Keras takes longer than tracing the program.
            if settings.jit_compile:
                self._loop = self._in_xla(self._steps)
                self._whole = self._in_xla(self._train_and_evaluate)
            self._run = tf.function(self._program, autograph=False)
        self._calls = CompiledCalls(self._run)

    def __call__(
        self,
        rows: Batch | None = None,
        chunks: Sequence[Chunk] = (),
        held_out: HeldOut | None = None,
        begin: bool = True,
        finish: bool = True,
    ) -> EpochResult:
        """Run some steps, an evaluation, or both.

        Args:
            rows: The training rows.
            chunks: The steps. Only the last chunk may have another number of rows per
                batch than the first.
            held_out: The rows to evaluate on, or None.
            begin: Whether to reset the metrics first. They are always reset between
                training and evaluation.
            finish: Whether these are the last steps, or the last rows.
        """
        call = (rows, list(chunks), held_out, begin, finish)
        parts: list[Chunk | HeldOut] = [*chunks]
        if held_out is not None:
            parts.append(held_out)
        if self.settings.run_eagerly or any(part.inputs is not None for part in parts):
            result: EpochResult = self._run(*call)
            return result
        # The rows are the same throughout a fit, so a few numbers identify a program.
        shapes = (*(tuple(chunk.order.shape) for chunk in chunks), begin, finish)
        return self._calls(call, (rows, held_out), shapes)

    def _in_xla(self, function: Any) -> Any:
        def traced(*arguments: Any) -> Any:
            # XLA cannot compile a weighting's loop, mapped over members, whose end
            # depends on the data.
            mapped = self.trainer.members is not None
            with fixed_loops() if mapped else contextlib.nullcontext():
                return function(*arguments)

        return tf.function(traced, autograph=False, jit_compile=True)

    def release_rows(self) -> None:
        """Release the rows of the last call at the end of a fit."""
        self._calls.release()

    def steps_at_once(self, rows: int, outputs: int) -> int:
        """Return how many steps one call may take within bounded memory.

        Args:
            rows: The rows of a batch.
            outputs: The number of the model's outputs per row.
        """
        kept = OUTPUTS_AT_ONCE // max(rows * outputs, 1) if self._collects else 2**31
        return max(1, min(self.trainer.noise.steps_at_once(self._share(rows)), kept))

    def _program(
        self,
        rows: Batch | None,
        chunks: list[Chunk],
        held_out: HeldOut | None,
        begin: bool,
        finish: bool,
    ) -> EpochResult:
        drawn = self._draw(chunks)
        run = self._train_and_evaluate
        if self._is_one_xla_program(chunks, held_out):
            run = self._whole
        result: EpochResult = run(rows, chunks, drawn, held_out, begin, finish)
        return result

    def _is_one_xla_program(
        self, chunks: Sequence[Chunk], held_out: HeldOut | None
    ) -> bool:
        """Return whether XLA compiles steps, metrics and evaluation together."""
        wanted = self.settings.jit_compile and self.settings.one_xla_program
        if not wanted or self.replicas is not None:
            return False
        # A last batch of fewer rows would be compiled as a second copy of the step.
        if len(chunks) != 1 or int(chunks[0].order.shape[0]) < 2:
            return False
        outputs = sum(math.prod(shape) for shape in self._output_shapes(1))
        counted = math.prod(chunks[0].order.shape) * outputs if self._collects else 0
        evaluated = 0
        if held_out is not None:
            evaluated = held_out.row_count * row_size(self.trainer.step.model)
        return counted <= COUNTED_BY_XLA and evaluated <= EVALUATED_BY_XLA

    def _train_and_evaluate(
        self,
        rows: Batch | None,
        chunks: list[Chunk],
        drawn: list[tuple[Tensors, Any]],
        held_out: HeldOut | None,
        begin: bool,
        finish: bool,
    ) -> EpochResult:
        if begin:
            self.metrics.reset()
        steps = training = evaluation = None
        if rows is not None and chunks:
            steps = self._train(rows, chunks, drawn)
            if finish and self.best is not None:
                self.trainer.end_epoch()
            training = self.metrics.training_results()
        if held_out is not None:
            if chunks:
                self.metrics.reset()
            evaluation = self._evaluate(held_out)
            if finish and self.best is not None:
                self.best.update(self.trainer, self.metrics.losses())
        return EpochResult(steps, training, evaluation)

    def _train(
        self, rows: Batch, chunks: list[Chunk], drawn: list[tuple[Tensors, Any]]
    ) -> tf.Tensor:
        """Run the steps of some chunks, and return the number of steps."""
        total, whole = tf.constant(0), tf.constant(True)
        for chunk, (noise, inside) in zip(chunks, drawn, strict=True):
            # A step whose loss is NaN or infinite is the last one.
            last = tf.where(whole, chunk.last, 0)
            taken = self._train_chunk(rows, chunk._replace(last=last), noise, inside)
            total, whole = total + taken, taken == chunk.last
        return total

    def _draw(self, chunks: list[Chunk]) -> list[tuple[Tensors, Any]]:
        """Draw the noise of consecutive chunks.

        Returns:
            For each chunk, the random numbers of its steps, and the states of the
            layers that draw for themselves.
        """
        source = self.trainer.noise
        done = tf.constant(0)
        drawn = []
        for chunk in chunks:
            steps, share = int(chunk.order.shape[0]), self._share(chunk.order.shape[-1])
            fed, inside = self._states(chunk, done)
            drawn.append((source.draw(share, fed, steps), inside))
            done += chunk.last
        return drawn

    def _train_chunk(
        self, rows: Batch, chunk: Chunk, noise: Tensors, inside: Any
    ) -> tf.Tensor:
        steps, batch = int(chunk.order.shape[0]), int(chunk.order.shape[-1])
        # Compiling a single step with XLA would take longer than running it.
        loop = self._loop if steps > 1 else self._steps
        taken, sums, outputs = loop(rows, chunk, noise, inside)
        if self.seeds is None:
            # The layers' own states advance as if the layers had drawn.
            for position, calls in self.trainer.noise.calls(self._share(batch)).items():
                variable = self.trainer.others[position]
                drawn = tf.cast(taken, variable.dtype) * calls
                variable.assign_add(tf.stack([tf.zeros_like(drawn), drawn]))
        self.metrics.end(sums)
        if self._collects:
            self._update_metrics(rows, chunk, taken, outputs)
        return taken

    def _states(
        self, chunk: Chunk, done: tf.Tensor
    ) -> tuple[dict[int, tf.Tensor], Any]:
        """Return the seed states of layers that are fed, and of layers that are not.

        Args:
            chunk: The steps.
            done: The number of steps before them in this call.
        """
        source = self.trainer.noise
        calls = source.calls(self._share(int(chunk.order.shape[-1])))
        if self.seeds is None:
            fed = {}
            for position in source.fed:
                state = tf.convert_to_tensor(self.trainer.others[position])
                drawn = tf.cast(done, state.dtype) * calls[position]
                fed[position] = state + tf.stack([tf.zeros_like(drawn), drawn])
            return fed, None
        # Each step has its own seed, however the epoch is split into calls.
        states = {
            position: state
            + tf.cast(
                tf.stack([chunk.epoch, chunk.start * max(calls.get(position, 1), 1)]),
                state.dtype,
            )
            for position, state in self.seeds.items()
        }
        fed = {i: states[i] for i in source.fed}
        return fed, {i: states[i] for i in source.inside}

    def _steps(
        self, rows: Batch, chunk: Chunk, noise: Tensors, inside: Any
    ) -> tuple[tf.Tensor, LossSums, Tensors]:
        """Run the steps of a chunk.

        Returns:
            The number of steps, the sums over them, and their outputs, (steps, ...), if
            they are kept.
        """
        batch = int(chunk.order.shape[-1])
        arrays: list[tf.TensorArray] = []
        if self._collects:
            arrays = [
                tf.TensorArray("float32", chunk.order.shape[0], element_shape=shape)
                for shape in self._output_shapes(batch)
            ]

        def goes_on(index: tf.Tensor, sums: LossSums, _: Any) -> tf.Tensor:
            more = index < chunk.last
            if self.settings.one_model:
                more &= tf.reduce_all(tf.math.is_finite(sums.losses))
            return more

        def take_step(index: tf.Tensor, sums: LossSums, arrays: Any) -> Any:
            update, given = self._take_step(rows, chunk, noise, inside, index)
            if self._collects:
                pairs = zip(arrays, update.outputs, strict=True)
                arrays = [
                    array.write(index, tf.cast(value, tf.float32))
                    for array, value in pairs
                ]
            elif self.settings.one_model:
                self.metrics.update(given, update.outputs)
            return index + 1, self._add(sums, update, given), arrays

        taken, sums, arrays = tf.while_loop(
            goes_on,
            take_step,
            [tf.constant(0), self.metrics.begin(self._zero_sums()), arrays],
            parallel_iterations=1,
        )
        return taken, sums, [array.stack() for array in arrays]

    def _take_step(
        self,
        rows: Batch,
        chunk: Chunk,
        noise: Tensors,
        inside: Any,
        index: tf.Tensor,
    ) -> tuple[Update, Batch]:
        order = chunk.order[index]
        moving = None
        if self.settings.unequal_steps:
            # A member that has stopped may train further: its best weights are kept.
            moving = tf.reduce_any(order != NO_ROW, axis=-1)
        counts = None
        if self.replicas is not None:
            # All processes know all labels.
            every = self.trainer.label_counts(
                take_rows(rows, order, (), filled=True).labels
            )
            counts = every / self.replicas.count
            order = self.replicas.part(order, NO_ROW)
        inputs = None
        if chunk.inputs is not None:
            inputs = tf.nest.map_structure(lambda values: values[index], chunk.inputs)
        given = take_rows(rows, order, inputs, self.settings.fill_batches)
        row_weights = {}
        if self.values is not None:
            row_weights = {
                name: tf.gather(
                    tf.convert_to_tensor(weights),
                    tf.maximum(order, 0),
                    batch_dims=0 if self.trainer.members is None else 1,
                )
                for name, weights in self.values.row_weights.items()
            }
        update = self.trainer.train(
            given,
            [values[index] for values in noise],
            None
            if inside is None
            else {
                position: state + tf.cast(tf.stack([0, index]), state.dtype)
                for position, state in inside.items()
            },
            self.values,
            row_weights,
            moving,
            self.replicas,
            counts,
        )
        if moving is not None and update.conflict:
            values, known = update.conflict
            known *= tf.cast(moving, known.dtype)[..., None]
            update = update._replace(conflict=[values, known])
        return update, given

    def _add(self, sums: LossSums, update: Update, given: Batch) -> LossSums:
        total = tf.reduce_sum(update.losses * self.trainer.loss_weights, axis=-1)
        count = tf.cast(tf.shape(tf.nest.flatten(given.inputs)[0])[0], tf.float32)
        conflict = sums.conflict
        if update.conflict:
            values, known = update.conflict
            conflict = [sums.conflict[0] + values * known, sums.conflict[1] + known]
        return LossSums(
            sums.losses + update.losses * update.counts,
            sums.counts + update.counts,
            sums.total + (total + update.added_loss) * count,
            sums.rows + count,
            conflict,
        )

    def _zero_sums(self) -> LossSums:
        weights = self.trainer.loss_weights
        zero = tf.zeros_like(weights)
        columns = len(self.trainer.conflict_columns)
        conflict = tf.zeros([*weights.shape[:-1], columns])
        total = tf.zeros(weights.shape[:-1])
        return LossSums(
            zero, zero, total, tf.zeros([]), [conflict, conflict] if columns else []
        )

    def _update_metrics(
        self, rows: Batch, chunk: Chunk, taken: tf.Tensor, outputs: Tensors
    ) -> None:
        """Update metrics with the rows of all steps at once."""
        # XLA needs arrays of a fixed length, so the labels of steps that were not taken
        # are missing.
        steps = tf.range(chunk.order.shape[0])[:, None]
        order = tf.reshape(tf.where(steps < taken, chunk.order, NO_ROW), [-1])
        given = take_rows(rows._replace(inputs=()), order, None, filled=True)
        joined = []
        for values in outputs:
            # (steps, T, batch_size, units) to (T, rows, units).
            tasks, _, *rest = values.shape[1:]
            turned = tf.transpose(values, [1, 0, *range(2, len(values.shape))])
            joined.append(tf.reshape(turned, [tasks, -1, *rest]))
        self.metrics.update(given, tuple(joined))

    def _output_shapes(self, rows: int) -> list[tuple[int, ...]]:
        """Return the shape of each block's outputs, (T, rows, units)."""
        step = self.trainer.step
        return [
            (len(block), rows, *step.model.output[block.names[0]].shape[1:])
            for block in step.blocks.blocks
        ]

    @property
    def _collects(self) -> bool:
        """Whether the steps' outputs are kept for the training metrics."""
        return self.settings.one_model and self.metrics.takes_many_steps

    def _evaluate(self, held_out: HeldOut) -> Any:
        given = held_out.gathered()
        update = self.trainer.evaluate(given, self.seeds)
        sums = self.metrics.begin(self._zero_sums())
        self.metrics.end(self._add(sums, update, given))
        self.metrics.update(given, update.outputs)
        return self.metrics.evaluation_results()

    def _share(self, rows: int) -> int:
        """Return how many rows of a batch this process takes."""
        return -(-rows // (1 if self.replicas is None else self.replicas.count))
