"""What each kind of task answers to a request.

The counterpart, inside the graph, of `Task.decode`. A new kind of task needs
one function here and its entry in `SERVED_ANSWERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keras_mtl.tasks import (
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
    Task,
)
from keras_mtl.tasks.multilabel import LABEL_SEPARATOR

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["SERVED_ANSWERS", "ServedAnswer", "serve_answer"]


@dataclass(frozen=True)
class ServedAnswer:
    """One task's answer to N rows.

    Attributes:
        outputs: By output name what a predict request gets, each with N rows.
        classes: The words of the classes, (N, C), for a classify request.
        scores: The probabilities of the classes, float32 of shape (N, C).
        value: The number a regress request gets, float32 of shape (N,).
    """

    outputs: dict[str, tf.Tensor]
    classes: tf.Tensor | None = None
    scores: tf.Tensor | None = None
    value: tf.Tensor | None = None


def serve_answer(task: Task, outputs: tf.Tensor) -> ServedAnswer:
    """Turns a head's outputs into a served answer.

    Args:
        task: The task.
        outputs: The head's outputs, float32 of shape (N, units).

    Returns:
        What the signatures answer with.

    Raises:
        ValueError: When no answer is known for the kind of task.

    Example:

    >>> import tensorflow as tf
    >>> answer = serve_answer(BinaryTask("heart"), tf.constant([[0.75]]))
    >>> {name: value.numpy().tolist() for name, value in answer.outputs.items()}
    {'heart': [0.75], 'heart_class': [b'yes']}
    """
    if task.kind not in SERVED_ANSWERS:
        raise ValueError(
            f"Expected a task of a kind that can be served: "
            f"{', '.join(SERVED_ANSWERS)}. Received: {task.kind!r}. Add its answer "
            "to `keras_mtl.serving.answers.SERVED_ANSWERS`."
        )
    return SERVED_ANSWERS[task.kind](task, outputs)


def _serve_binary(task: BinaryTask, outputs: tf.Tensor) -> ServedAnswer:
    import tensorflow as tf

    # One number a row, rather than a list of one number.
    probability = tf.reshape(outputs, [-1])
    positive = probability >= task.threshold
    return ServedAnswer(
        {
            task.name: probability,
            f"{task.name}_class": tf.gather(
                tf.constant(task.class_words), tf.cast(positive, tf.int32)
            ),
        },
        classes=_tile(task.class_words, outputs),
        scores=tf.stack([1.0 - probability, probability], axis=-1),
    )


def _serve_multiclass(task: MulticlassTask, outputs: tf.Tensor) -> ServedAnswer:
    import tensorflow as tf

    classes = task.classes or ()
    return ServedAnswer(
        {
            task.name: outputs,
            f"{task.name}_class": tf.gather(
                tf.constant(classes), tf.argmax(outputs, axis=-1)
            ),
        },
        classes=_tile(classes, outputs),
        scores=outputs,
    )


def _serve_multilabel(task: MultilabelTask, outputs: tf.Tensor) -> ServedAnswer:
    import tensorflow as tf

    labels = _tile(task.labels, outputs)
    given = tf.ragged.boolean_mask(labels, outputs >= task.threshold)
    return ServedAnswer(
        {
            task.name: outputs,
            f"{task.name}_class": tf.strings.reduce_join(
                given, axis=-1, separator=LABEL_SEPARATOR
            ),
        },
        classes=labels,
        scores=outputs,
    )


def _serve_regression(task: RegressionTask, outputs: tf.Tensor) -> ServedAnswer:
    import tensorflow as tf

    value = tf.reshape(outputs, [-1])
    return ServedAnswer({task.name: value}, value=value)


def _tile(words: tuple[str, ...], outputs: tf.Tensor) -> tf.Tensor:
    """Repeats the words for each row, of shape (N, words)."""
    import tensorflow as tf

    return tf.tile(tf.constant([words]), [tf.shape(outputs)[0], 1])


SERVED_ANSWERS: dict[str, Callable[[Any, tf.Tensor], ServedAnswer]] = {
    BinaryTask.kind: _serve_binary,
    MulticlassTask.kind: _serve_multiclass,
    MultilabelTask.kind: _serve_multilabel,
    RegressionTask.kind: _serve_regression,
}
