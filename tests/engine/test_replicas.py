"""A batch that processes share is the whole batch, and counts as one."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.blocks.pack_batch import pack_labels
from keras_mtl.blocks.task_blocks import make_blocks
from keras_mtl.blocks.task_losses import block_losses, label_counts
from keras_mtl.blocks.task_sources import TaskSource
from keras_mtl.engine.replicas import Replicas, replica_shares
from keras_mtl.tasks import MulticlassTask, MultilabelTask, RegressionTask

ROWS = 12


@given(st.integers(1, 20), st.integers(1, 5))
def test_the_parts_of_a_batch_are_the_batch(size, count):
    rows = tf.reshape(tf.range(2 * size), [2, size])
    parts = [Replicas(None, index, count).part(rows, -1) for index in range(count)]
    assert len({part.shape[1] for part in parts}) == 1
    together = np.concatenate(parts, axis=1)
    for own, all_of_them in zip(rows.numpy(), together, strict=True):
        assert sorted(all_of_them[all_of_them >= 0]) == sorted(own)
    # None has two rows more than another.
    counts = [(part.numpy() >= 0).sum(axis=1) for part in parts]
    assert np.ptp(counts, axis=0).max() <= 1


def test_random_layers_draw_from_seeds_of_their_own():
    seed = tf.constant([7, 3], tf.uint32)
    seeds = [Replicas(None, index, 3).own_seed(seed).numpy() for index in range(3)]
    assert seeds[0].tolist() == [7, 3]
    assert len({tuple(each) for each in seeds}) == 3


def make_tasks():
    return [
        MulticlassTask("kind", classes=("a", "b", "c")),
        MultilabelTask("signs", labels=("fever", "cough")),
        RegressionTask("age"),
    ]


def make_labels(generator):
    """Labels of which each task misses a share of its own."""
    labels = {
        "kind": generator.integers(0, 3, ROWS).astype("float32"),
        "signs": generator.integers(0, 2, (ROWS, 2)).astype("float32"),
        "age": generator.normal(size=ROWS).astype("float32"),
    }
    for values in labels.values():
        values[generator.random(values.shape) < generator.random()] = np.nan
    return labels


def make_lone_blocks(tasks):
    return make_blocks(tasks, [TaskSource((i,), None) for i in range(len(tasks))])


def losses_of(blocks, outputs, labels):
    stacked = [outputs[name][None] for name in blocks.names]
    losses, _ = block_losses(blocks, stacked, pack_labels(blocks, labels), None)
    return blocks.in_order(losses)


@given(st.integers(0, 2**32), st.integers(1, ROWS - 1))
def test_shares_make_the_mean_over_replicas_that_over_all_rows(seed, cut):
    generator = np.random.default_rng(seed)
    tasks = make_tasks()
    labels = make_labels(generator)
    outputs = {
        "kind": tf.nn.softmax(generator.normal(size=(ROWS, 3)).astype("float32")),
        "signs": tf.nn.sigmoid(generator.normal(size=(ROWS, 2)).astype("float32")),
        "age": tf.constant(generator.normal(size=(ROWS, 1)).astype("float32")),
    }
    blocks = make_lone_blocks(tasks)
    whole = losses_of(blocks, outputs, labels)
    counts = label_counts(blocks, pack_labels(blocks, labels))
    expected = [
        np.sum(np.isfinite(values).reshape(ROWS, -1).any(axis=1))
        for values in labels.values()
    ]
    np.testing.assert_array_equal(counts, expected)
    parts = [
        (
            {name: values[rows] for name, values in outputs.items()},
            {name: values[rows] for name, values in labels.items()},
        )
        for rows in (slice(0, cut), slice(cut, ROWS))
    ]
    own = [label_counts(blocks, pack_labels(blocks, part)) for _, part in parts]
    mean = (own[0] + own[1]) / 2
    shared = [
        losses_of(blocks, *part) * replica_shares(count, mean)
        for part, count in zip(parts, own, strict=True)
    ]
    np.testing.assert_allclose((shared[0] + shared[1]) / 2, whole, rtol=1e-5, atol=1e-6)


def test_a_task_that_is_absent_has_no_labels():
    blocks = make_lone_blocks(make_tasks())
    labels = pack_labels(blocks, {"age": tf.constant([1.0, np.nan])})
    assert label_counts(blocks, labels).numpy().tolist() == [0.0, 0.0, 1.0]
