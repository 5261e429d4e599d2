"""The columns of `predict` are found in the served answer of each kind of task."""

import numpy as np
import pytest
import tensorflow as tf

import keras_mtl as km
from keras_mtl.serving.answers import serve_answer
from keras_mtl.serving.served_columns import served_columns

SETS = {"set_coverage": 0.9, "set_quantile": 0.7}
TASKS = [
    km.BinaryTask("task", classes=("absent", "présent"), threshold=0.3, **SETS),
    km.MulticlassTask("task", classes=("a", "b", "c"), **SETS),
    km.MultilabelTask("task", labels=("a", "b"), positives=("1", "1"), **SETS),
    km.RegressionTask("task", has_deviations=True, **SETS),
]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_a_client_reads_what_predict_writes(task):
    outputs = np.random.default_rng(5).random((6, task.units), dtype="float32")
    served = serve_answer(task, tf.constant(outputs)).outputs
    decoded = {**task.decode(outputs), **task.decode_sets(outputs)}
    columns = served_columns(task)
    assert [column["column"] for column in columns] == list(decoded)
    for column in columns:
        values = served[column["output"]].numpy()
        if "index" in column:
            values = values[:, column["index"]]
        expected = decoded[column["column"]]
        if values.dtype == object:
            assert [word.decode() for word in values] == expected.tolist()
        else:
            np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_labels_whose_sets_are_always_equal_keep_their_own_places():
    task = km.MultilabelTask(
        "t", labels=("a", "b"), positives=("1", "1"), set_coverage=0.9, set_quantile=1.0
    )
    indices = {each["column"]: each.get("index") for each in served_columns(task)}
    assert (indices["t_set[a]"], indices["t_set[b]"]) == (0, 1)
