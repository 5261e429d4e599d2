"""The curve is what its datasheet says, and its generator keeps its promises."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.datasets.curve import (
    CURVE_CEILING,
    CURVE_VARIANCE,
    curve_path,
    curve_values,
    load_curve,
    make_curve,
)


def r2(y: pd.Series, answers: np.ndarray) -> float:
    return float(1 - np.mean((y - answers) ** 2) / np.var(y))


def test_the_generator_makes_the_embedded_file(tmp_path):
    pd.testing.assert_frame_equal(load_curve(), make_curve())
    make_curve().to_csv(tmp_path / "curve.csv", index=False, lineterminator="\n")
    assert (tmp_path / "curve.csv").read_bytes() == curve_path().read_bytes()


def test_the_sheet_tells_the_truth():
    text = curve_path().with_suffix(".md").read_text(encoding="utf-8")
    frame = load_curve()
    assert f"{len(frame)} rows" in text
    assert f"{frame['y'].min():.4f} to {frame['y'].max():.4f}" in text
    train, test = (frame[frame["split"] == side] for side in ("train", "test"))
    assert f"train ({len(train)}), test ({len(test)})" in text
    line = np.polyfit(train["x"], train["y"], 1)
    for side, part in (("train", train), ("test", test)):
        cells = (
            f"| {side} | {np.var(part['y']):.4f} "
            f"| {r2(part['y'], curve_values(part['x'])):.4f} "
            f"| {r2(part['y'], np.polyval(line, part['x'])):.4f} |"
        )
        assert cells in text
    values = curve_values(np.linspace(-3, 3, 10_000))
    bends = (np.diff(np.sign(np.diff(values))) != 0).sum()
    assert f"It has {bends} bends." in text
    assert f"{CURVE_VARIANCE} x {CURVE_CEILING}" in text
    noise_variance = CURVE_VARIANCE * (1 - CURVE_CEILING)
    assert f"0.12 = {noise_variance:.3f}" in text


@given(
    seed=st.integers(0, 2**31 - 1),
    variance=st.floats(0.1, 10),
    ceiling=st.floats(0.1, 0.99),
)
def test_variance_ceiling_and_line_are_as_asked(seed, variance, ceiling):
    asked = {"seed": seed, "variance": variance, "ceiling": ceiling}
    grid = np.linspace(-3, 3, 10_001)
    values = curve_values(grid, **asked)
    assert np.var(values) == pytest.approx(variance * ceiling, rel=1e-6)
    assert np.polyfit(grid, values, 1) == pytest.approx([0, 0], abs=1e-6)
    frame = make_curve(4000, **asked)
    noise = frame["y"] - curve_values(frame["x"], **asked)
    expected = variance * (1 - ceiling)
    # Five standard errors of a variance and of a mean, and the rounding.
    assert np.var(noise) == pytest.approx(expected, rel=5 * np.sqrt(2 / 4000), abs=1e-4)
    assert abs(noise.mean()) < 5 * np.sqrt(expected / 4000) + 1e-4
    assert np.corrcoef(frame["x"], frame["y"])[0, 1] ** 2 < 0.01


@given(rows=st.integers(8, 300), seed=st.integers(0, 1000))
def test_every_neighborhood_has_its_test_row(rows, seed):
    frame = make_curve(rows, seed=seed)
    assert len(frame) == rows
    assert frame["x"].is_monotonic_increasing
    held = (frame["split"] == "test").to_numpy()
    for start in range(0, rows - rows % 4, 4):
        assert held[start : start + 4].sum() == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rows": 7}, "`rows`. Expected at least 8. Received: rows=7"),
        ({"ceiling": 1.0}, "ceiling=1.0"),
        ({"variance": 0.0}, "variance=0.0"),
        ({"variance": float("nan")}, "variance=nan"),
    ],
)
def test_refuses_what_makes_no_curve(settings, message):
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        make_curve(**settings)
