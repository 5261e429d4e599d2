"""A pure function that computes a model's outputs by block of tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from keras_mtl.blocks._keras_logits import map_with_logits
from keras_mtl.blocks.model_graph import core_model
from keras_mtl.blocks.task_blocks import TaskBlock, make_blocks
from keras_mtl.blocks.task_sources import find_sources, source_model
from keras_mtl.layers.training_layers import present_rows

__all__ = ["BlockModel", "BlockOutputs", "StackTensors"]

Tensors = list[tf.Tensor]


class StackTensors(NamedTuple):
    """The tensors of a `HeadStack` after which its tasks are separate.

    Attributes:
        tasks: The tasks' positions, in the order of the first axis.
        inputs: The representation that the heads read, (N, width).
        products: The products of the representation and the first kernels, (T, units,
            N).
        kernel: The first kernels of the heads, (T, width, units).
    """

    tasks: tuple[int, ...]
    inputs: tf.Tensor
    products: tf.Tensor
    kernel: tf.Tensor


class BlockOutputs(NamedTuple):
    """Result of a forward pass.

    Attributes:
        outputs: The outputs of each block, (T, N, units).
        stacks: The stacks of heads that read one representation.
        statistics: The new values of the variables that are not trained.
        added: The model's own losses, for example regularizers.
    """

    outputs: tuple[tf.Tensor, ...]
    stacks: tuple[StackTensors, ...]
    statistics: Tensors
    added: list[tf.Tensor]


class BlockModel:
    """The blocks' outputs as a function of a model's variables and inputs.

    The named outputs that a user sees are slices of tensors in the model's graph. A
    second functional model over the same layers returns the whole tensors, so a step
    neither splits nor joins tasks.

    Args:
        model: A functional model whose outputs are a dict by task name, with
            `tasks`.
        losses: See `make_blocks`.
        own_metrics: See `make_blocks`.
    """

    def __init__(
        self,
        model: Any,
        losses: Mapping[str, Any] | None = None,
        own_metrics: Collection[str] = (),
    ) -> None:
        core = core_model(model)
        self._sources = find_sources(core.output)
        self._model = source_model(model, core, self._sources)
        self.blocks = make_blocks(model.tasks, self._sources, losses, own_metrics)
        # The same variables, in the order of this model's layers.
        self._trainable = _positions(
            self._model.trainable_variables, model.trainable_variables
        )
        self._others = _positions(
            self._model.non_trainable_variables, model.non_trainable_variables
        )
        # The kernel of an untrained head is among the other variables.
        self._position = {
            id(variable): (kind, position)
            for kind, variables in enumerate(
                (model.trainable_variables, model.non_trainable_variables)
            )
            for position, variable in enumerate(variables)
        }

    def __call__(
        self,
        trainable: Sequence[tf.Tensor],
        statistics: Sequence[tf.Tensor],
        inputs: Any,
        present: tf.Tensor | None = None,
        training: bool = True,
    ) -> BlockOutputs:
        """Run the model.

        Args:
            trainable: Values of the model's trainable variables.
            statistics: Values of the model's other variables.
            inputs: The model's inputs.
            present: See `Batch`.
            training: See `keras.Model`.
        """
        with present_rows(present):
            flat, others, added = self._model.stateless_call(
                [trainable[position] for position in self._trainable],
                [statistics[position] for position in self._others],
                inputs,
                training=training,
                return_losses=True,
            )
        new = list(statistics)
        for position, value in zip(self._others, others, strict=True):
            new[position] = value
        tensors = iter(flat if isinstance(flat, list | tuple) else [flat])
        outputs, stacks = [], []
        for source in self._sources:
            outputs.append(next(tensors))
            if source.stack is not None and source.shares_input:
                stacks.append(
                    StackTensors(
                        source.tasks,
                        next(tensors),
                        next(tensors),
                        self._kernel(source.stack, (trainable, statistics)),
                    )
                )
        return BlockOutputs(
            tuple(_of_block(block, outputs) for block in self.blocks.blocks),
            tuple(stacks),
            new,
            added,
        )

    def _kernel(self, stack: Any, values: tuple[Sequence[tf.Tensor], ...]) -> tf.Tensor:
        dense = stack.first_dense
        kind, position = self._position[id(dense.kernel)]
        return tf.cast(values[kind][position], dense.compute_dtype)


def _of_block(block: TaskBlock, outputs: Sequence[tf.Tensor]) -> tf.Tensor:
    """Return a block's outputs, (T, N, units), from the outputs of all sources."""
    tensor, positions = outputs[block.source], block.axis_positions
    if positions is None:
        return map_with_logits(lambda values: values[None], tensor)
    if positions == tuple(range(tensor.shape[0])):
        return tensor
    return map_with_logits(lambda values: tf.gather(values, positions), tensor)


def _positions(variables: Sequence[Any], among: Sequence[Any]) -> list[int]:
    position = {id(variable): index for index, variable in enumerate(among)}
    return [position[id(variable)] for variable in variables]
