"""Packed rows give the batches that the arrays one by one would."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.training.batch_step import Batch
from keras_mtl.training.equal_tasks import stack_by_task
from keras_mtl.training.packed_rows import PACKED_FROM, PackedRows

ROWS = 6


def _batch(tasks, shape=(), seed=0):
    generator = np.random.default_rng(seed)
    labels = {
        f"t{i}": tf.constant(generator.normal(size=(ROWS, *shape)), tf.float32)
        for i in range(tasks)
    }
    inputs = tf.constant(generator.normal(size=(ROWS, 2)), tf.float32)
    return Batch(inputs, labels)


@given(
    tasks=st.integers(1, 12),
    shape=st.sampled_from([(), (1,), (3,)]),
    index=st.lists(st.integers(0, ROWS - 1), min_size=1),
    order=st.randoms(use_true_random=False),
)
def test_labels_are_stacked_as_if_they_had_never_been_packed(
    tasks, shape, index, order
):
    batch = _batch(tasks, shape)
    taken = PackedRows.of(batch).take(index)
    assert taken.sample_weights is None
    np.testing.assert_array_equal(taken.inputs, batch.inputs.numpy()[index])
    names = list(batch.labels)
    order.shuffle(names)
    names = names[: max(1, tasks - 1)]
    expected = np.stack([batch.labels[name].numpy()[index] for name in names])
    if shape == (1,):
        expected = expected[..., 0]
    stacked = stack_by_task(taken.labels, names, like=None)
    np.testing.assert_array_equal(stacked, expected)


def test_an_absent_task_has_what_stands_for_it():
    taken = PackedRows.of(_batch(PACKED_FROM)).take([0])
    stacked = stack_by_task(taken.labels, ["t0", "none"], like=tf.constant([7.0]))
    assert stacked[1].numpy().tolist() == [7.0]


def test_rows_of_one_layout_share_a_compiled_function():
    traces = []

    @tf.function
    def total(rows):
        traces.append(len(rows.arrays))
        return tf.add_n(list(rows.batch().labels.values()))

    for seed in range(2):
        batch = _batch(PACKED_FROM, seed=seed)
        expected = np.sum(list(batch.labels.values()), axis=0)
        np.testing.assert_allclose(total(PackedRows.of(batch)), expected, rtol=1e-5)
    assert traces == [2]


@pytest.mark.parametrize("tasks", [1, PACKED_FROM])
def test_members_are_mapped_over_packed_rows(tasks):
    rows = PackedRows.of(_batch(tasks))
    many = rows.map(lambda array: tf.stack([array, 2 * array]))
    sums = tf.vectorized_map(
        lambda own: tf.add_n(list(own.batch().labels.values())), many
    )
    np.testing.assert_allclose(sums[1], 2 * sums[0])
