"""The replicas of a `tf.distribute` strategy."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from keras_mtl.engine.batch_step import Tensors

__all__ = ["StrategyReplicas"]


class StrategyReplicas:
    """The replicas of a `tf.distribute` strategy, as seen from one of them."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._count = context.strategy.num_replicas_in_sync

    @classmethod
    def of_context(cls) -> StrategyReplicas | None:
        """Return the replicas of this call; None for a single one."""
        context = tf.distribute.get_replica_context()
        if context is None or context.strategy.num_replicas_in_sync == 1:
            return None
        return cls(context)

    def mean(self, values: Any) -> Any:
        """Return the means of nested tensors over the replicas."""
        return tf.nest.map_structure(
            lambda value: self._context.all_reduce(tf.distribute.ReduceOp.MEAN, value),
            values,
        )

    def combine(
        self, gradients: Tensors, statistics: Tensors
    ) -> tuple[Tensors, Tensors]:
        """Return gradients for Keras's optimizers, which sum them over replicas."""
        return [gradient / self._count for gradient in gradients], statistics
