"""Tasks: one declaration per thing to predict, and everything that follows from it.

A declaration has a name, a label column, the widths of a head and a loss weight. The
output layer, the loss, the metrics, the encoding of labels and the decoding of
predictions follow from the declaration. Each kind of task is one subclass of `Task` in
its own file, with a line in `TASK_KINDS`. A plugin adds a kind with
`register_task_kind`.
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
