"""The served outputs of the tasks, inside the served graph."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keras_mtl.tasks import Task
from keras_mtl.tasks.served_answer import ServedAnswer

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["ServedAnswer", "serve_answer"]


def serve_answer(task: Task, outputs: tf.Tensor) -> ServedAnswer:
    """Convert a head's outputs to served outputs, and check their names.

    Args:
        task: The task, whose kind defines the served outputs.
        outputs: The outputs of the head, float32 of shape (N, units).

    Returns:
        The outputs of the signatures for this task.

    Raises:
        ValueError: If the kind serves no output, or an output whose name does not begin
            with the name of the task.

    Example:

    >>> import tensorflow as tf
    >>> from keras_mtl.tasks import BinaryTask
    >>> answer = serve_answer(BinaryTask("heart"), tf.constant([[0.75]]))
    >>> {name: value.numpy().tolist() for name, value in answer.outputs.items()}
    {'heart': [0.75], 'heart_class': [b'yes']}
    """
    answer = task.serve(outputs)
    sets = task.serve_sets(outputs)
    answer = replace(answer, outputs={**answer.outputs, **sets})
    wrong = [
        name
        for name in answer.outputs
        if name != task.name and not name.startswith(f"{task.name}_")
    ]
    if wrong or not answer.outputs:
        raise ValueError(
            f"Expected a task of kind {task.kind!r} to answer under names that begin "
            f"with the task's, {task.name!r}. Received: {', '.join(wrong) or 'none'}."
        )
    return answer
