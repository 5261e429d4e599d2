"""Rows on a disk train as rows in memory do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.engine.rows import batch_order, gather_rows, rows_in_order
from keras_mtl.engine.shared_arrays import aligned_array, as_tensor
from keras_mtl.tables.disk_array import disk_array
from keras_mtl.tasks import BinaryTask, MultilabelTask
from keras_mtl.training import _member_loop, fit_members
from keras_mtl.training.settings import TrainingSettings

ROWS = 300


@pytest.fixture(scope="module")
def problem():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(ROWS, 5)).astype("float32")
    labels = {
        "heart": (x[:, 0] > 0).astype("float32"),
        "signs": (x[:, 1:3] > 0).astype("float32"),
    }
    labels["heart"][::3] = np.nan
    labels["signs"][::4, 0] = np.nan
    tasks = [
        BinaryTask("heart", widths=(4,)),
        MultilabelTask("signs", labels=("fever", "cough")),
    ]
    return x, labels, build_hard_sharing(5, tasks, trunk=(8,), dropout=0.2)


def fit(problem, inputs, weighting="sum"):
    _, labels, model = problem
    numbers = np.arange(ROWS)
    return fit_members(
        model,
        inputs,
        labels,
        TrainingSettings(members=2, epochs=3, patience=2, batch_size=32),
        rows=[numbers[:200], numbers[40:220]],
        validation_rows=[numbers[200:], numbers[220:]],
        weighting=weighting,
    )


@pytest.fixture(scope="module")
def in_memory(problem):
    return fit(problem, problem[0])


@pytest.mark.parametrize(
    "weighting", ["sum", pytest.param("famo", marks=pytest.mark.slow)]
)
def test_a_disk_and_memory_give_the_same_weights(problem, in_memory, weighting):
    x, _, _ = problem
    on_disk = disk_array(x.shape, "float32")
    on_disk[:] = x
    streamed = fit(problem, on_disk, weighting)
    held = in_memory if weighting == "sum" else fit(problem, x, weighting)
    assert list(streamed.history) == list(held.history)
    for name, values in held.history.items():
        np.testing.assert_array_equal(streamed.history[name], values)
    for one, other in zip(streamed.members, held.members, strict=True):
        for value, expected in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(value, expected)


def test_validation_in_parts_is_that_over_all_rows(problem, in_memory, monkeypatch):
    monkeypatch.setattr(
        _member_loop, "rows_in_order", lambda rows: rows_in_order(rows, 7)
    )
    parts = fit(problem, problem[0])
    for name, values in in_memory.history.items():
        np.testing.assert_allclose(parts.history[name], values, rtol=1e-5)


@given(
    counts=st.lists(st.integers(1, 20), min_size=1, max_size=3),
    batch_size=st.integers(1, 30),
)
def test_rows_in_order_are_all_rows_once(counts, batch_size):
    rows = [np.arange(100 * k, 100 * k + count) for k, count in enumerate(counts)]
    order = rows_in_order(rows, batch_size)
    assert order.shape[2] <= batch_size
    for member, expected in enumerate(rows):
        own = order[:, member].ravel()
        np.testing.assert_array_equal(own[own >= 0], expected)


def test_rows_are_read_in_the_order_asked_for():
    matrix = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    generators = [np.random.default_rng(k) for k in range(2)]
    order = batch_order([np.arange(50), np.arange(9)], 8, generators)
    read = gather_rows(matrix, order)
    np.testing.assert_array_equal(read, matrix[np.maximum(order, 0)])


def test_a_disk_read_in_many_parts_gives_the_same(problem, in_memory, monkeypatch):
    x, _, _ = problem
    monkeypatch.setattr(_member_loop, "NUMBERS_PER_READ", 2 * 2 * 32 * 5)
    on_disk = disk_array(x.shape, "float32")
    on_disk[:] = x
    streamed = fit(problem, on_disk)
    for name, values in in_memory.history.items():
        np.testing.assert_array_equal(streamed.history[name], values)


def test_an_aligned_array_is_shared_and_others_are_copied():
    array = aligned_array((40, 3))
    array[:] = 1
    shared = as_tensor(array)
    array[0, 0] = 7
    assert float(shared[0, 0]) == 7
    for other in (array[:, :2], array.astype("float64"), np.zeros((0, 3), "float32")):
        np.testing.assert_array_equal(as_tensor(other), other)
    copied = as_tensor(array.T)
    array[0, 0] = 8
    assert float(copied[0, 0]) == 7
