"""Layers whose variables may be split by task."""

from __future__ import annotations

from typing import Any

__all__ = ["SplitByTask"]


class SplitByTask:
    """A mixin for a Keras layer with an argument `by_task`.

    A weighting on gradients treats its `task_variables` as variables of the tasks'
    heads: see `keras_mtl.blocks.variable_groups`.
    """

    by_task: bool
    trainable_variables: Any

    @property
    def task_variables(self) -> list[Any]:
        """The variables whose first axis is split by task; `[]` if none is."""
        return list(self.trainable_variables) if self.by_task else []
