"""What happens to one batch, as a pure function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from keras_mtl.training.jacobian import (
    Losses,
    flatten_rows,
    gramian,
    gramian_without_rows,
    task_gradients,
    unflatten_update,
    weigh_rows,
)
from keras_mtl.training.member_layers import present_rows
from keras_mtl.training.model_graph import row_size
from keras_mtl.training.parallel_heads import find_parallel_heads
from keras_mtl.training.task_losses import TaskLosses
from keras_mtl.training.variable_groups import group_variables

__all__ = ["Batch", "BatchResult", "BatchStep"]

Tensors = list[tf.Tensor]

# Up to this many numbers the tasks' gradients are kept and summed up; beyond,
# memory holds one task's gradient at a time, and the update comes from one more
# backward pass. The methods that need the Jacobian itself always keep it.
KEPT_NUMBERS = 2**24
# So many numbers a row may the trunk's activations have, those of all backward
# passes that are vectorised together.
NUMBERS_A_ROW = 2**18


class Batch(NamedTuple):
    """One batch.

    Attributes:
        inputs: The model's inputs.
        labels: By task name; NaN where missing.
        sample_weights: Of the rows, or by task name; or None.
        present: Which rows are there, where others fill the batch up; or None.
            Those that are not have no labels.
    """

    inputs: Any
    labels: Mapping[str, Any]
    sample_weights: Any = None
    present: Any = None

    @property
    def data(self) -> tuple[Any, Any, Any]:
        """What Keras's `train_step` takes: all rows of it are there."""
        return self.inputs, self.labels, self.sample_weights


class BatchResult(NamedTuple):
    """What one batch gave.

    Attributes:
        gradients: The update's direction, one for each trainable variable.
        statistics: New values of the variables that are not trained.
        outputs: The model's outputs, by task name.
        losses: The tasks' losses, of shape (T,).
        counts: The rows with a label for each task, of shape (T,).
        added_loss: The sum of the model's own losses, regularisation say.
        weights: The factor of each task's loss that was in force, (T,).
        gramian: The inner products of the tasks' gradients on the shared
            variables, (T, T); None for methods that don't need them.
        weighting_state: The weighting's new state.
    """

    gradients: Tensors
    statistics: Tensors
    outputs: dict[str, Any]
    losses: tf.Tensor
    counts: tf.Tensor
    added_loss: tf.Tensor
    weights: tf.Tensor
    gramian: tf.Tensor | None
    weighting_state: dict[str, Any]


class _Pass(NamedTuple):
    """A forward pass with its tape, which can be asked for gradients."""

    tape: tf.GradientTape
    outputs: dict[str, Any]
    statistics: Tensors
    losses: tf.Tensor
    counts: tf.Tensor
    # What the backward pass starts from, a vector for each block of tasks: with
    # their constant factors, and never put into one tensor.
    scaled: Tensors
    added: tf.Tensor | None


class _SharedGradients(NamedTuple):
    """The tasks' gradients on the shared variables.

    Attributes:
        rows: The Jacobian; None if it is too large to be kept.
        gramian: The inner products, (T, T).
        seen: Those that the method sees: of the last layer alone, if it wants.
        heads: For each private variable its gradient times the scale of the
            losses; None without rows.
    """

    rows: Tensors | None
    gramian: tf.Tensor
    seen: tf.Tensor
    heads: Tensors | None


class BatchStep:
    """The losses of one batch and the direction of its update.

    Weights, statistics and the weighting's state go in as values and come out
    as values, so that a driver may loop over batches, map over members or run
    it on replicas. No driver knows a task, and this knows no driver.

    Args:
        model: The model, which gives the architecture and the tasks. Its own
            variables are neither read nor written.
        weighting: How the tasks are combined: of `keras_mtl.weighting`.
        losses: Losses by task name, in place of the tasks' own.
        weight_heads: Whether a head's own variables get the gradient of its
            loss times the weight in force, or of its loss alone. By default
            weighted for methods on losses and unweighted for methods on
            gradients, as their papers have it.
        watch_gramian: Whether the Gramian is computed though the method does
            not need it.
    """

    def __init__(
        self,
        model: Any,
        weighting: Any,
        losses: Mapping[str, Any] | None = None,
        weight_heads: bool | None = None,
        watch_gramian: bool = False,
    ) -> None:
        self.model = model
        self.weighting = weighting
        self.groups = group_variables(model)
        self.task_losses = TaskLosses(model.tasks, losses, self.groups.stacks)
        if weight_heads is None:
            weight_heads = weighting.kind == "losses"
        self.weight_heads = weight_heads
        self.watch_gramian = watch_gramian

    @property
    def exchanges(self) -> bool:
        """Whether replicas exchange anything amid a step, its end apart."""
        return self.weighting.weighs_by_losses or self.watch_gramian

    def initial_weighting_state(self) -> dict[str, Any]:
        """Returns the weighting's state before the first batch."""
        variables = self.model.trainable_variables
        parameters = sum(
            int(tf.TensorShape(variables[i].shape).num_elements())
            for i in self.groups.shared
        )
        kinds = [
            "regression" if task.kind == "regression" else "classification"
            for task in self.model.tasks
        ]
        return self.weighting.initial_state(len(kinds), parameters, kinds)

    def __call__(
        self,
        trainable: Tensors,
        statistics: Tensors,
        batch: Batch,
        loss_weights: tf.Tensor,
        weighting_state: dict[str, Any],
        loss_scale: Any = 1.0,
        reduce: Any = None,
        all_counts: tf.Tensor | None = None,
    ) -> BatchResult:
        """Computes one batch.

        Args:
            trainable: Values of the model's trainable variables.
            statistics: Values of its other variables.
            batch: The batch.
            loss_weights: The constant factor of each task's loss, (T,).
            weighting_state: The weighting's state.
            loss_scale: What the losses are multiplied by before the backward
                pass and the gradients hence carry, for half precision.
            reduce: The mean over replicas of a tensor; None for one replica.
            all_counts: The rows with a label for each task on all replicas,
                (T,), if they are known; else they are asked for.
        """
        reduce = reduce or _alone
        method = self.weighting
        passes = []
        for part in _parts(batch, method.samples):
            # A batch's parts follow on each other's statistics.
            made = self._forward_pass(
                trainable, statistics, part, loss_weights, loss_scale
            )
            statistics = made.statistics
            passes.append(made)
        losses = tf.add_n([each.losses for each in passes]) / len(passes)
        counts = tf.add_n([each.counts for each in passes])
        # A task takes part if any replica has a label for it.
        known = {"mask": (reduce(counts) if all_counts is None else all_counts) > 0}
        if method.uses_losses:
            known["losses"] = reduce(losses * loss_weights)

        shared = update = None
        if method.kind != "losses" or self.watch_gramian:
            shared = self._shared_gradients(passes, trainable, loss_scale, reduce)
        if shared is None or method.kind == "losses":
            weights, state = method(known.pop("losses"), weighting_state, **known)
        elif method.kind == "gramian":
            weights, state = method(shared.seen, weighting_state, **known)
            update = self._weigh(shared.rows, weights, passes, trainable, loss_scale)
        else:
            flat, state = method(flatten_rows(shared.rows), weighting_state, **known)
            update = unflatten_update(flat, shared.rows)
            weights = state.get("weights", tf.ones_like(losses))
        own = None if shared is None or update is None else shared.heads
        gradients = self._assemble(passes, trainable, weights, update, own, loss_scale)
        return BatchResult(
            gradients,
            statistics,
            _join([each.outputs for each in passes]),
            losses,
            counts,
            self._added_loss(passes, loss_scale),
            weights,
            None if shared is None else shared.gramian,
            state,
        )

    def forward(
        self,
        trainable: Tensors,
        statistics: Tensors,
        batch: Batch,
        training: bool = True,
    ) -> tuple[dict[str, Any], Tensors, tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """Runs the model.

        Returns:
            The outputs, the new statistics, the tasks' losses, their counts,
            and the sum of the model's own losses, or None if it has none.
        """
        outputs, statistics, losses, counts, added = self._run(
            trainable, statistics, batch, training
        )
        in_order = self.task_losses.in_order
        return outputs, statistics, in_order(losses), in_order(counts), added

    def _run(self, trainable, statistics, batch, training=True):
        """Runs the model; the losses and counts are lists, by block of tasks."""
        with present_rows(batch.present):
            outputs, statistics, added = self.model.stateless_call(
                trainable,
                statistics,
                batch.inputs,
                training=training,
                return_losses=True,
            )
        losses, counts = self.task_losses.each(
            outputs, batch.labels, batch.sample_weights
        )
        total = (
            tf.add_n([tf.cast(loss, tf.float32) for loss in added]) if added else None
        )
        return outputs, statistics, losses, counts, total

    def _forward_pass(self, trainable, statistics, batch, loss_weights, loss_scale):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(trainable)
            outputs, statistics, losses, counts, added = self._run(
                trainable, statistics, batch
            )
            scaled = [
                loss * factor * loss_scale
                for loss, factor in zip(
                    losses, self.task_losses.by_block(loss_weights), strict=True
                )
            ]
            added = None if added is None else added * loss_scale
        losses, counts = map(self.task_losses.in_order, (losses, counts))
        return _Pass(tape, outputs, statistics, losses, counts, scaled, added)

    def _shared_gradients(self, passes, trainable, loss_scale, reduce):
        shared = [trainable[index] for index in self.groups.shared]
        private = [trainable[index] for index in self.groups.private]
        last = [self.groups.shared.index(i) for i in self.groups.last_shared]
        last_only = self.weighting.uses_last_shared_layer
        if not self._keeps_rows(shared, passes, reduce):
            losses = self._losses(passes[0])
            # Of the losses times the scale, squared.
            inner_products = gramian_without_rows(losses, shared)
            inner_products /= tf.square(loss_scale)
            seen = inner_products
            if last_only:
                seen = gramian_without_rows(losses, [shared[index] for index in last])
                seen /= tf.square(loss_scale)
            return _SharedGradients(None, inner_products, seen, None)
        together = max(1, NUMBERS_A_ROW // row_size(self.model))
        made = [
            task_gradients(
                self._losses(each), shared, private, self.groups.owners, together
            )
            for each in passes
        ]
        jacobians = [[reduce(rows / loss_scale) for rows in each.rows] for each in made]
        inner_products = gramian(jacobians[0], jacobians[min(1, len(jacobians) - 1)])
        seen = inner_products
        rows = jacobians[-1]
        if len(jacobians) > 1:
            means = [
                tf.add_n(each) / len(each) for each in zip(*jacobians, strict=True)
            ]
            if self.weighting.update_sample == "mean":
                rows = means
            if self.watch_gramian:
                # Between independent parts, the products are no norms.
                inner_products = gramian(means, means)
        if last_only:
            part = [rows[index] for index in last]
            seen = gramian(part, part)
        heads = [
            tf.add_n(parts) / len(passes)
            for parts in zip(*[each.heads for each in made], strict=True)
        ]
        return _SharedGradients(rows, inner_products, seen, heads)

    def _losses(self, made):
        """Returns a pass's losses with the places where they part."""
        stacks = find_parallel_heads(
            made.tape, made.outputs, made.scaled, self.groups.stacks
        )
        tasks = [block.tasks for block in self.task_losses.blocks]
        return Losses(made.tape, tasks, made.scaled, stacks)

    def _keeps_rows(self, shared, passes, reduce):
        numbers = sum(each.shape.num_elements() for each in shared)
        few = numbers * len(self.model.tasks) <= KEPT_NUMBERS
        # No replica can wait for the others in the middle of a loop.
        needed = self.weighting.kind == "jacobian" or reduce is not _alone
        return few or needed or len(passes) > 1

    def _weigh(self, rows, weights, passes, trainable, loss_scale):
        """Returns the weighted sum of the tasks' gradients on shared variables."""
        if rows is not None:
            return weigh_rows(rows, weights)
        shared = [trainable[index] for index in self.groups.shared]
        gradients = self._mean_gradient(passes, shared, weights)
        return [gradient / loss_scale for gradient in gradients]

    def _assemble(self, passes, trainable, weights, update, own, loss_scale):
        """Puts the gradients of trunk and heads together, each times the scale.

        The model's own losses are added once, whatever the method.
        """
        heads = weights if self.weight_heads else tf.ones_like(weights)
        shared, private = self.groups.shared, self.groups.private
        found: list[Any] = [None] * len(trainable)
        if update is None and self.weight_heads:
            shared, private = (), tuple(range(len(trainable)))
        elif update is None:
            chosen = [trainable[index] for index in shared]
            update = self._mean_gradient(passes, chosen, weights)
        else:
            update = [each * loss_scale for each in update]
        for index, value in zip(shared, update or (), strict=True):
            found[index] = value
        if own is not None and self.weight_heads:
            made = [
                _weigh_head(gradient, weights, owner)
                for gradient, owner in zip(own, self.groups.owners, strict=True)
            ]
        elif own is not None:
            made = own
        elif private:
            chosen = [trainable[index] for index in private]
            made = self._mean_gradient(passes, chosen, heads)
        if private:
            for index, value in zip(private, made, strict=True):
                found[index] = value
        for each in passes:
            if each.added is not None:
                more = _gradient(each.tape, each.added, trainable)
                found = [a + b / len(passes) for a, b in zip(found, more, strict=True)]
        return found

    def _mean_gradient(self, passes, sources, weights):
        """Returns the gradient of the weighted losses, as a mean over the parts."""
        by_block = self.task_losses.by_block(weights)
        parts = [
            _gradient(each.tape, each.scaled, sources, by_block) for each in passes
        ]
        if len(parts) == 1:
            return parts[0]
        return [tf.add_n(each) / len(each) for each in zip(*parts, strict=True)]

    def _added_loss(self, passes, loss_scale):
        added = [each.added for each in passes if each.added is not None]
        return tf.add_n(added) / (len(added) * loss_scale) if added else tf.zeros([])


def _alone(value):
    return value


def _gradient(tape, target, sources, output_gradients=None):
    return tape.gradient(
        target,
        sources,
        output_gradients=output_gradients,
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )


def _weigh_head(gradient, weights, tasks):
    """Weighs each task's part of a head's variable, along the first axis."""
    if len(tasks) == 1:
        return gradient * tf.cast(weights[tasks[0]], gradient.dtype)
    parts = tf.cast(tf.gather(weights, tasks), gradient.dtype)
    parts = tf.repeat(parts, gradient.shape[0] // len(tasks))
    return gradient * tf.reshape(parts, [-1, *[1] * (len(gradient.shape) - 1)])


def _parts(batch: Batch, samples: int) -> list[Batch]:
    """Cuts a batch into independent parts of its rows."""
    if samples == 1:
        return [batch]

    def every(values, first):
        if values is None:
            return None
        return tf.nest.map_structure(lambda rows: rows[first::samples], values)

    return [
        Batch(*[every(values, first) for values in batch]) for first in range(samples)
    ]


def _join(outputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Puts the parts' outputs back into the order of the batch's rows."""
    if len(outputs) == 1:
        return outputs[0]
    return {name: _interleave([each[name] for each in outputs]) for name in outputs[0]}


def _interleave(parts: list[tf.Tensor]) -> tf.Tensor:
    count = len(parts)
    rows = [tf.range(tf.shape(part)[0]) * count + i for i, part in enumerate(parts)]
    order = tf.argsort(tf.concat(rows, axis=0), stable=True)
    return tf.gather(tf.concat(parts, axis=0), order)
