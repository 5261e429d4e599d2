"""Training step of one batch, as a pure function."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.block_model import BlockModel, StackTensors
from keras_mtl.blocks.model_graph import row_size
from keras_mtl.blocks.task_blocks import TaskBlocks
from keras_mtl.blocks.task_losses import block_losses
from keras_mtl.blocks.variable_groups import group_variables
from keras_mtl.engine.batch_parts import cut_batch, join_outputs
from keras_mtl.engine.jacobian import (
    Branch,
    LossBranch,
    StackBranch,
    flatten_rows,
    gramian,
    gramian_without_rows,
    task_gradients,
    unflatten_update,
    weigh_rows,
)
from keras_mtl.weighting import get as get_weighting

__all__ = ["BatchResult", "BatchStep"]

Tensors = list[tf.Tensor]

# If the tasks' gradients have at most this many numbers, they are kept and summed.
# Otherwise memory holds one task's gradient at a time, and the update comes from one
# more backward pass. The methods that need the Jacobian itself always keep it.
KEPT_NUMBERS = 2**24
# The largest number of the trunk's activations per row, over all backward passes that
# are vectorized together.
NUMBERS_A_ROW = 2**18


class BatchResult(NamedTuple):
    """Result of one batch.

    Attributes:
        gradients: The update's direction, one tensor per trainable variable.
        statistics: New values of the variables that are not trained.
        outputs: The outputs of each block of tasks, (T, N, units).
        losses: The tasks' losses, of shape (T,).
        counts: The rows with a label for each task, of shape (T,).
        added_loss: The sum of the model's own losses, for example regularization.
        weights: The factors of the tasks' losses in this step, (T,).
        gramian: The inner products of the tasks' gradients on the shared
            variables, (T, T); None for methods that do not need them.
        weighting_state: The weighting's new state.
    """

    gradients: Tensors
    statistics: Tensors
    outputs: tuple[tf.Tensor, ...]
    losses: tf.Tensor
    counts: tf.Tensor
    added_loss: tf.Tensor
    weights: tf.Tensor
    gramian: tf.Tensor | None
    weighting_state: dict[str, Any]


class _Pass(NamedTuple):
    """A forward pass with its tape, from which gradients are computed."""

    tape: tf.GradientTape
    outputs: tuple[tf.Tensor, ...]
    stacks: tuple[StackTensors, ...]
    statistics: Tensors
    losses: tf.Tensor
    counts: tf.Tensor
    # The targets of the backward pass: one vector per block of tasks. They include the
    # constant factors, and are never put into one tensor.
    scaled: Tensors
    added: tf.Tensor | None


class _SharedGradients(NamedTuple):
    """The tasks' gradients on the shared variables.

    Attributes:
        rows: The Jacobian; None if it is too large to keep.
        gramian: The inner products, (T, T).
        seen: The inner products that the method sees, (T, T): those of the last shared
            layer if the method uses only that layer.
        heads: The gradient of each private variable, times the scale of the losses;
            None without rows.
    """

    rows: Tensors | None
    gramian: tf.Tensor
    seen: tf.Tensor
    heads: Tensors | None


class BatchStep:
    """The losses of one batch and the direction of its update.

    The step takes weights, statistics and the weighting's state as values and returns
    new values. A caller can therefore loop over batches, map over members or run the
    step on replicas.

    Args:
        model: The model, with its architecture and its tasks. Its own variables are
            neither read nor written.
        weighting: The method that combines the tasks, from `keras_mtl.weighting`.
        losses: Losses by task name, in place of the tasks' own.
        weight_heads: Whether the gradient of a head's own variables is multiplied by
            the weight of its task. By default, methods on losses multiply it and
            methods on gradients do not, as in their papers.
        watch_gramian: Whether the Gramian is computed even if the method does not need
            it.
        own_metrics: The names of tasks whose metrics the caller computes.
    """

    def __init__(
        self,
        model: Any,
        weighting: Any,
        losses: Mapping[str, Any] | None = None,
        weight_heads: bool | None = None,
        watch_gramian: bool = False,
        own_metrics: Collection[str] = (),
    ) -> None:
        self.model = model
        self.groups = group_variables(model)
        if weighting.kind != "losses" and not self.groups.shared:
            warnings.warn(
                f"The tasks share no trainable variables, so that {weighting!r} has no "
                "gradients to balance: the losses are summed.",
                stacklevel=2,
            )
            weighting = get_weighting("sum")
        self.weighting = weighting
        self._block_model = BlockModel(model, losses, own_metrics)
        if weight_heads is None:
            weight_heads = weighting.kind == "losses"
        self.weight_heads = weight_heads
        self.watch_gramian = watch_gramian

    @property
    def blocks(self) -> TaskBlocks:
        """The model's blocks of tasks, for labels and outputs."""
        return self._block_model.blocks

    @property
    def exchanges(self) -> bool:
        """Whether replicas exchange numbers within a step, before its end."""
        return self.weighting.weighs_by_losses or self.watch_gramian

    def initial_weighting_state(self) -> dict[str, Any]:
        """Return the weighting's state before the first batch."""
        variables = self.model.trainable_variables
        parameters = sum(
            int(tf.TensorShape(variables[i].shape).num_elements())
            for i in self.groups.shared
        )
        kinds = [task.loss_kind for task in self.model.tasks]
        extra = {}
        if self.weighting.uses_auxiliary:
            extra = {"auxiliary": [task.auxiliary for task in self.model.tasks]}
        return self.weighting.initial_state(len(kinds), parameters, kinds, **extra)

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
        weighting: Any = None,
    ) -> BatchResult:
        """Compute the result of one batch.

        Args:
            trainable: Values of the model's trainable variables.
            statistics: Values of the model's other variables.
            batch: The batch.
            loss_weights: The constant factor of each task's loss, (T,).
            weighting_state: The weighting's state.
            loss_scale: The factor of the losses in the backward pass, for half
                precision. The returned gradients contain this factor.
            reduce: A function that returns the mean of a tensor over the replicas; None
                for one replica.
            all_counts: The rows with a label for each task on all replicas, (T,), if
                they are known; otherwise `reduce` computes them.
            weighting: The weighting with a member's own numbers, in place of the step's
                weighting.
        """
        reduce = reduce or _alone
        method = self.weighting if weighting is None else weighting
        passes = []
        for part in cut_batch(batch, method.samples):
            # Each part starts from the statistics of the part before it.
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
            join_outputs([each.outputs for each in passes]),
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
    ) -> tuple[tuple[tf.Tensor, ...], Tensors, tf.Tensor, tf.Tensor, tf.Tensor | None]:
        """Run the model on a batch.

        Returns:
            The outputs of each block, the new statistics, the tasks' losses, (T,),
            their counts of rows with a label, (T,), and the sum of the model's own
            losses, or None without such losses.
        """
        made, losses, counts, added = self._run(trainable, statistics, batch, training)
        losses, counts = map(self.blocks.in_order, (losses, counts))
        return made.outputs, made.statistics, losses, counts, added

    def _run(self, trainable, statistics, batch, training=True):
        """Run the model, and return losses and counts as lists, one entry per block."""
        made = self._block_model(
            trainable, statistics, batch.inputs, batch.present, training
        )
        losses, counts = block_losses(
            self.blocks, made.outputs, batch.labels, batch.sample_weights
        )
        total = None
        if made.added:
            total = tf.add_n([tf.cast(loss, tf.float32) for loss in made.added])
        return made, losses, counts, total

    def _forward_pass(self, trainable, statistics, batch, loss_weights, loss_scale):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(trainable)
            made, losses, counts, added = self._run(trainable, statistics, batch)
            scaled = [
                loss * factor * loss_scale
                for loss, factor in zip(
                    losses, self.blocks.by_block(loss_weights), strict=True
                )
            ]
            added = None if added is None else added * loss_scale
        losses, counts = map(self.blocks.in_order, (losses, counts))
        return _Pass(
            tape,
            made.outputs,
            made.stacks,
            made.statistics,
            losses,
            counts,
            scaled,
            added,
        )

    def _shared_gradients(self, passes, trainable, loss_scale, reduce):
        if not self.groups.shared:
            # Watched without shared variables: the Gramian is zero.
            none = tf.zeros([len(self.model.tasks)] * 2)
            return _SharedGradients(None, none, none, None)
        shared = [trainable[index] for index in self.groups.shared]
        private = [trainable[index] for index in self.groups.private]
        last = [self.groups.shared.index(i) for i in self.groups.last_shared]
        last_only = self.weighting.uses_last_shared_layer
        if not self._keeps_rows(shared, passes, reduce):
            tape, branches = passes[0].tape, self._branches(passes[0])
            # The losses contain the scale, so the products contain its square.
            inner_products = gramian_without_rows(tape, branches, shared)
            inner_products /= tf.square(loss_scale)
            seen = inner_products
            if last_only:
                layer = [shared[index] for index in last]
                seen = gramian_without_rows(tape, branches, layer)
                seen /= tf.square(loss_scale)
            return _SharedGradients(None, inner_products, seen, None)
        together = max(1, NUMBERS_A_ROW // row_size(self.model))
        made = [
            task_gradients(
                each.tape,
                self._branches(each),
                each.scaled,
                shared,
                private,
                self.groups.owners,
                together,
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
                # Products between independent parts are not norms.
                inner_products = gramian(means, means)
        if last_only:
            part = [rows[index] for index in last]
            seen = gramian(part, part)
        heads = [
            tf.add_n(parts) / len(passes)
            for parts in zip(*[each.heads for each in made], strict=True)
        ]
        return _SharedGradients(rows, inner_products, seen, heads)

    def _branches(self, made: _Pass) -> list[Branch]:
        """Return where the backward passes into the trunk start."""
        slopes = _gradient(
            made.tape, made.scaled, [stack.products for stack in made.stacks]
        )
        branches: list[Branch] = [
            StackBranch(stack.tasks, stack.inputs, stack.kernel, slope)
            for stack, slope in zip(made.stacks, slopes, strict=True)
        ]
        stacked = {task for stack in made.stacks for task in stack.tasks}
        branches += [
            LossBranch(block.tasks, losses)
            for block, losses in zip(self.blocks.blocks, made.scaled, strict=True)
            if not stacked.issuperset(block.tasks)
        ]
        return branches

    def _keeps_rows(self, shared, passes, reduce):
        numbers = sum(each.shape.num_elements() for each in shared)
        few = numbers * len(self.model.tasks) <= KEPT_NUMBERS
        # No replica can wait for the others in the middle of a loop.
        needed = self.weighting.kind == "jacobian" or reduce is not _alone
        return few or needed or len(passes) > 1

    def _weigh(self, rows, weights, passes, trainable, loss_scale):
        """Return the weighted sum of the tasks' gradients on shared variables."""
        if rows is not None:
            return weigh_rows(rows, weights)
        shared = [trainable[index] for index in self.groups.shared]
        gradients = self._mean_gradient(passes, shared, weights)
        return [gradient / loss_scale for gradient in gradients]

    def _assemble(self, passes, trainable, weights, update, own, loss_scale):
        """Join the gradients of trunk and heads, each times the scale.

        The model's own losses are added once, for any method.
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
        """Return the gradient of the weighted losses, averaged over the parts."""
        by_block = self.blocks.by_block(weights)
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
    """Multiply the slices of a head's gradient by the tasks' weights."""
    if len(tasks) == 1:
        return gradient * tf.cast(weights[tasks[0]], gradient.dtype)
    parts = tf.cast(tf.gather(weights, tasks), gradient.dtype)
    parts = tf.repeat(parts, gradient.shape[0] // len(tasks))
    return gradient * tf.reshape(parts, [-1, *[1] * (len(gradient.shape) - 1)])
