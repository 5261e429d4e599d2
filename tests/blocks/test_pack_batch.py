"""Packed labels and weights are those that a user gives by task name."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_batch, pack_labels, pack_weights
from keras_mtl.blocks.task_blocks import make_blocks
from keras_mtl.blocks.task_sources import TaskSource
from keras_mtl.tasks import BinaryTask, MultilabelTask, RegressionTask

ROWS = 6
# Two stacks whose tasks alternate, and a task by itself.
TASKS = (
    BinaryTask("a"),
    MultilabelTask("l", labels=("x", "y")),
    BinaryTask("b"),
    RegressionTask("lone"),
    MultilabelTask("m", labels=("x", "y")),
    BinaryTask("c"),
)
SOURCES = (
    TaskSource((0, 2, 5), None, is_split=True),
    TaskSource((1, 4), None, is_split=True),
    TaskSource((3,), None),
)


def _labels(seed=0):
    generator = np.random.default_rng(seed)
    return {
        task.name: generator.normal(
            size=(ROWS, 2) if task.kind == "multilabel" else ROWS
        ).astype("float32")
        for task in TASKS
    }


def _assert_equal(blocks, packed, expected):
    named = blocks.by_task(packed, axis=1)
    assert list(named) == [task.name for task in TASKS]
    for name, values in named.items():
        np.testing.assert_array_equal(values, expected[name])


@given(
    seed=st.integers(0, 100),
    columns=st.booleans(),
    as_list=st.booleans(),
    rows=st.lists(st.integers(0, ROWS - 1), min_size=1),
)
def test_taking_rows_and_packing_commute(seed, columns, as_list, rows):
    blocks = make_blocks(TASKS, SOURCES)
    labels = _labels(seed)
    given_labels = labels
    if columns:
        given_labels = {k: v[:, None] if v.ndim == 1 else v for k, v in labels.items()}
    if as_list:
        given_labels = list(given_labels.values())
    packed = pack_batch(blocks, Batch(np.ones((ROWS, 2)), given_labels))
    assert packed.row_count == ROWS
    assert packed.sample_weights is None
    taken = packed.take(rows)
    _assert_equal(blocks, taken.labels, {k: v[rows] for k, v in labels.items()})


def test_a_task_that_is_absent_has_no_labels():
    blocks = make_blocks(TASKS, SOURCES)
    labels = {name: _labels()[name] for name in ("b", "lone")}
    binary, multilabel, lone = pack_labels(blocks, labels)
    assert multilabel is None
    assert np.isnan(binary).all(axis=0).tolist() == [True, False, True]
    np.testing.assert_array_equal(lone[:, 0], labels["lone"])


def test_weights_are_one_where_none_are_given():
    blocks = make_blocks(TASKS, SOURCES)
    weights = np.arange(ROWS, dtype="float32")
    np.testing.assert_array_equal(pack_weights(blocks, weights[:, None]), weights)
    assert pack_weights(blocks, None) is None
    assert pack_weights(blocks, [None] * len(TASKS)) is None
    binary, multilabel, lone = pack_weights(blocks, {"b": weights, "m": None})
    np.testing.assert_array_equal(binary[:, 1], weights)
    assert (binary.numpy()[:, [0, 2]] == 1).all()
    assert multilabel is None
    assert lone is None


def test_a_loss_that_a_user_gives_sees_the_labels_as_they_are():
    blocks = make_blocks(TASKS, SOURCES, losses={"b": "mse"})
    assert [block.names for block in blocks.blocks] == [
        ("a", "c"),
        ("l", "m"),
        ("b",),
        ("lone",),
    ]
    labels = {"b": np.zeros((ROWS, 1, 4), "int64")}
    packed = pack_labels(blocks, labels)[2]
    assert packed.dtype == tf.int64
    assert packed[:, 0].shape == (ROWS, 1, 4)


def test_values_of_blocks_come_back_in_the_tasks_order():
    blocks = make_blocks(TASKS, SOURCES)
    values = tf.range(len(TASKS))
    parts = blocks.by_block(values)
    assert [part.numpy().tolist() for part in parts] == [[0, 2, 5], [1, 4], [3]]
    np.testing.assert_array_equal(blocks.in_order(parts), values)


@pytest.mark.parametrize("setting", ["label_smoothing", "threshold"])
def test_only_what_can_differ_by_task_differs_within_a_block(setting):
    tasks = [BinaryTask("a"), BinaryTask("b", **{setting: 0.3})]
    blocks = make_blocks(tasks, [TaskSource((0, 1), None, is_split=True)])
    together = setting == "threshold"
    assert len(blocks.blocks) == (1 if together else 2)
    if together:
        (block,) = blocks.blocks
        column = keras.ops.convert_to_numpy(block.metrics[0].threshold)
        np.testing.assert_allclose(column.ravel(), [0.5, 0.3])
