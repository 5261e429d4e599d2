"""A curve's file is checked whole, and its ceiling is near the truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.datasets.curve import curve_values, make_curve
from keras_mtl.errors import UserError
from studies import noise_variance, read_curve


def test_the_embedded_curve_has_a_known_ceiling():
    rows = read_curve()
    x, y = rows.test
    lost = np.mean((y - curve_values(x)) ** 2) / np.var(y)
    assert rows.ceiling_is_known
    assert rows.ceiling == pytest.approx(1 - lost)
    assert rows.ceiling > 0.8387
    assert (len(rows.train_rows), len(rows.test_rows)) == (1500, 500)


@given(seed=st.integers(0, 1000), ceiling=st.floats(0.5, 0.95))
def test_the_noise_is_estimated_from_neighbors(seed, ceiling):
    frame = make_curve(2000, seed=seed, ceiling=ceiling)
    shuffled = frame.sample(frac=1, random_state=seed)
    found = noise_variance(shuffled["x"], shuffled["y"])
    # The estimate's standard error is about 4% (its variance is 3.5 / N).
    assert found == pytest.approx(0.95 * (1 - ceiling), rel=0.2)


def test_points_at_one_place_are_no_trouble():
    x = np.repeat([0.0, 1.0, 2.0], 400)
    y = x + np.random.default_rng(0).normal(size=1200)
    assert noise_variance(x, y) == pytest.approx(1.0, rel=0.2)


def test_a_file_without_split_is_split_the_same_way_each_time(tmp_path):
    path = tmp_path / "mine.csv"
    make_curve(400, seed=2)[["y", "x"]].to_csv(path, index=False)
    first, again, other = (read_curve(str(path), seed) for seed in (0, 0, 1))
    assert len(first.test_rows) == 100
    assert not set(first.train_rows) & set(first.test_rows)
    assert first.test_rows.tolist() == again.test_rows.tolist()
    assert first.test_rows.tolist() != other.test_rows.tolist()
    assert not first.ceiling_is_known
    assert first.best_answers(first.x) is None


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (lambda f: f.rename(columns={"x": "X"}), ["expected a column 'x'"]),
        (lambda f: f[["split"]], ["expected a column 'x'", "expected a column 'y'"]),
        (
            lambda f: f.astype(object).replace(
                {"x": {f["x"][3]: "five"}, "y": {f["y"][0]: "six"}}
            ),
            ["'x': expected a finite number", "'five' in data row 4", "column 'y'"],
        ),
        (
            lambda f: f.replace({"x": {f["x"][1]: np.nan}}),
            ["an empty cell in data row 2"],
        ),
        (lambda f: f.head(30), ["at least 40 rows. Received: 30"]),
        (lambda f: f.assign(y=1.0), ["column 'y': expected values that differ"]),
        (lambda f: f.assign(split="Test"), ["'train' or 'test'. Received: 'Test'"]),
        (lambda f: f.assign(split="train"), ["'test' in at least 10 rows"]),
    ],
)
def test_tells_what_is_wrong_with_a_file(tmp_path, change, messages):
    path = tmp_path / "curve.csv"
    change(make_curve(100)).to_csv(path, index=False)
    with pytest.raises(UserError) as caught:
        read_curve(str(path))
    for message in messages:
        assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError):
        read_curve(str(tmp_path / "none.csv"))


def test_infinite_numbers_are_refused(tmp_path):
    path = tmp_path / "curve.csv"
    frame = make_curve(100)
    pd.concat([frame, pd.DataFrame({"x": [np.inf], "y": [0.0]})]).to_csv(
        path, index=False
    )
    with pytest.raises(UserError, match="finite number"):
        read_curve(str(path))
