"""Rows that belong together have one group number."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_mtl.errors import DataWarning
from keras_mtl.splits import row_groups


def test_identical_rows_make_a_group_and_nan_equals_nan():
    frame = pd.DataFrame(
        {
            "a": [1, np.nan, 1, np.nan, 2],
            "b": ["x", None, "x", None, "x"],
            "c": range(5),
        }
    )
    assert row_groups(frame, ["a", "b"]).tolist() == [0, 1, 0, 1, 2]
    assert row_groups(frame, ["a", "b", "c"]).tolist() == [0, 1, 2, 3, 4]
    assert row_groups(frame, []).tolist() == [0, 1, 2, 3, 4]


def test_rows_of_a_site_make_a_group_and_an_unknown_site_binds_nothing():
    frame = pd.DataFrame({"a": [1, 2, 3, 4, 1]})
    site = ["x", "y", "x", None, None]
    with warnings.catch_warnings(action="error"):
        # The last row is identical to the first, at site x.
        assert row_groups(frame, ["a"], site).tolist() == [0, 1, 0, 2, 0]


def test_identical_rows_join_two_sites_with_a_warning():
    frame = pd.DataFrame({"a": [1, 1, 2, 3, 4]})
    with pytest.warns(DataWarning, match="3 groups were joined into 2"):
        groups = row_groups(frame, ["a"], ["x", "y", "x", "y", "z"])
    assert groups.tolist() == [0, 0, 0, 0, 1]


def test_a_group_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"Expected \(2,\).*Received: \(3,\)"):
        row_groups(pd.DataFrame({"a": [1, 2]}), ["a"], [1, 2, 3])


@pytest.mark.filterwarnings("ignore::keras_mtl.errors.DataWarning")
@settings(max_examples=80)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)),
        min_size=1,
        max_size=20,
    )
)
def test_groups_are_the_connected_parts(rows):
    frame = pd.DataFrame({"a": [row[0] for row in rows]})
    groups = row_groups(frame, ["a"], [row[1] for row in rows])
    # An independent way: spread the smallest number until nothing changes.
    expected = list(range(len(rows)))
    changed = True
    while changed:
        changed = False
        for i, (a, site) in enumerate(rows):
            for j, (other_a, other_site) in enumerate(rows):
                together = a == other_a or (site is not None and site == other_site)
                if together and expected[i] != expected[j]:
                    expected[i] = expected[j] = min(expected[i], expected[j])
                    changed = True
    assert groups.tolist() == pd.factorize(np.array(expected))[0].tolist()
