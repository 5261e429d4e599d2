import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.engine.rows import NO_ROW, batch_order, pad_rows, steps_per_epoch

members = st.lists(
    st.lists(st.integers(0, 999), min_size=1, max_size=40, unique=True),
    min_size=1,
    max_size=4,
)


@given(members, st.integers(1, 16), st.integers(0, 2**32))
def test_every_row_is_in_one_batch_of_its_member(rows, batch_size, seed):
    arrays = [np.array(member) for member in rows]
    generators = [np.random.default_rng((seed, i)) for i in range(len(rows))]
    order = batch_order(arrays, batch_size, generators)
    assert order.shape == (len(rows), steps_per_epoch(arrays, batch_size), batch_size)
    for index, member in enumerate(rows):
        seen = order[index].ravel()
        assert sorted(seen[seen != NO_ROW].tolist()) == sorted(member)
        # Full batches come first: where one ends, no more rows follow.
        assert np.all(np.diff((seen == NO_ROW).astype(int)) >= 0)


@given(members, st.integers(0, 2**32))
def test_an_order_does_not_depend_on_the_members_beside_it(rows, seed):
    arrays = [np.array(member) for member in rows]
    generators = [np.random.default_rng((seed, i)) for i in range(len(rows))]
    together = batch_order(arrays, 8, generators)
    alone = batch_order(arrays[:1], 8, [np.random.default_rng((seed, 0))])
    np.testing.assert_array_equal(together[:1, : alone.shape[1]], alone)


def test_orders_differ_from_epoch_to_epoch():
    generator = [np.random.default_rng(0)]
    rows = [np.arange(64)]
    first, second = (batch_order(rows, 8, generator) for _ in range(2))
    assert not np.array_equal(first, second)


def test_rows_are_padded_with_no_row():
    padded = pad_rows([np.array([3, 1, 2]), np.array([9])])
    assert padded.tolist() == [[3, 1, 2], [9, NO_ROW, NO_ROW]]
