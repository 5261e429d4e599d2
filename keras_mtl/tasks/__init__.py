"""What is predicted: one declaration of a task gives all that follows from it.

A task's declaration holds its name, its label column, its head and its loss
weight; from it come the head's output layer, the loss, the metrics, the
encoding of labels, the decoding of predictions and the metrics of held-out rows.
A kind of task is one file here with one subclass of `Task`, and its line in
`TASK_KINDS`; a plugin adds its own by `register_task_kind`.
"""

from keras_mtl.tasks.binary import BinaryTask
from keras_mtl.tasks.kinds import (
    TASK_KINDS,
    deserialize_task,
    parse_task,
    register_task_kind,
    serialize_task,
)
from keras_mtl.tasks.labels import label_column, label_numbers
from keras_mtl.tasks.multiclass import MulticlassTask
from keras_mtl.tasks.multilabel import MultilabelTask
from keras_mtl.tasks.regression import RegressionTask
from keras_mtl.tasks.served_answer import ServedAnswer
from keras_mtl.tasks.task import Task

__all__ = [
    "TASK_KINDS",
    "BinaryTask",
    "MulticlassTask",
    "MultilabelTask",
    "RegressionTask",
    "ServedAnswer",
    "Task",
    "deserialize_task",
    "label_column",
    "label_numbers",
    "parse_task",
    "register_task_kind",
    "serialize_task",
]
