"""The curve data: one feature, one label, and a known best R2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from keras_mtl.datasets.data_files import data_file
from keras_mtl.tables import read_csv

__all__ = [
    "CURVE_CEILING",
    "CURVE_SEED",
    "CURVE_VARIANCE",
    "curve_path",
    "curve_values",
    "load_curve",
    "make_curve",
]

# The seed of the embedded file; see its datasheet.
CURVE_SEED = 6
CURVE_VARIANCE = 0.95
CURVE_CEILING = 0.88

# x lies between -RANGE and RANGE.
RANGE = 3.0
WAVES = 6
ROWS_A_TEST_ROW = 4
DECIMALS = 4

Floats = NDArray[np.float64]


def curve_path() -> Path:
    """Return the path of the embedded CSV file; its datasheet is in the same folder.

    Example:

    >>> curve_path().name
    'curve.csv'
    """
    return data_file("curve.csv")


def load_curve() -> pd.DataFrame:
    """Load the embedded curve: 2,000 rows of `x`, `y` and `split`.

    A straight line does not explain any of the variance of y. No model can explain more
    than the share `CURVE_CEILING`, because the rest is noise. `make_curve()` returns
    the same rows.

    Returns:
        A DataFrame; `split` is `train` or `test`.

    Example:

    >>> frame = load_curve()
    >>> frame["split"].value_counts().to_dict()
    {'train': 1500, 'test': 500}
    """
    return read_csv(curve_path())


def make_curve(
    rows: int = 2000,
    *,
    seed: int = CURVE_SEED,
    variance: float = CURVE_VARIANCE,
    ceiling: float = CURVE_CEILING,
) -> pd.DataFrame:
    """Generate rows of a curve with many bends and normally distributed noise.

    The range of x is divided into `rows` equal cells, and one x is drawn at random in
    each. y is the value of `curve_values` plus noise of the variance `variance * (1 -
    ceiling)` at every x. One random row of every four neighboring rows is a test row.
    All numbers are rounded to four decimals.

    Args:
        rows: The number of rows, at least 8.
        seed: The seed of the curve, of x and of the noise.
        variance: The variance of y.
        ceiling: The share of the variance that the curve explains: the R2 of the best
            possible model.

    Returns:
        A DataFrame with the columns `x`, `y` and `split` (`train` or `test`), sorted by
        x.

    Raises:
        ValueError: If there are too few rows, the ceiling is not between 0 and 1, or
            the variance is not above 0.

    Example:

    >>> frame = make_curve(1000, seed=1)
    >>> bool(abs(np.corrcoef(frame["x"], frame["y"])[0, 1]) < 0.1)
    True
    """
    if rows < 2 * ROWS_A_TEST_ROW:
        raise ValueError(
            "Invalid value received for argument `rows`. Expected at least "
            f"{2 * ROWS_A_TEST_ROW}. Received: rows={rows}"
        )
    if not 0 < ceiling < 1 or not 0 < variance < np.inf:
        raise ValueError(
            "Expected a `ceiling` between 0 and 1 and a `variance` above 0. "
            f"Received: ceiling={ceiling}, variance={variance}"
        )
    # The curve has its own generator, and is the same for any number of rows.
    generator = np.random.default_rng((seed, 1))
    cells = np.arange(rows) + generator.uniform(size=rows)
    x = np.round(RANGE * (2 * cells / rows - 1), DECIMALS)
    noise = generator.normal(scale=np.sqrt(variance * (1 - ceiling)), size=rows)
    y = curve_values(x, seed=seed, variance=variance, ceiling=ceiling) + noise
    places = np.arange(rows) // ROWS_A_TEST_ROW
    turns = generator.integers(ROWS_A_TEST_ROW, size=places[-1] + 1)
    held = np.arange(rows) % ROWS_A_TEST_ROW == turns[places]
    return pd.DataFrame(
        {
            "x": x,
            "y": np.round(y, DECIMALS),
            "split": np.where(held, "test", "train"),
        }
    )


def curve_values(
    x: ArrayLike,
    *,
    seed: int = CURVE_SEED,
    variance: float = CURVE_VARIANCE,
    ceiling: float = CURVE_CEILING,
) -> Floats:
    """Return the curve without noise: the predictions of the best possible model.

    The curve is a sum of six waves, of 1 to 6 periods over the range of x, whose
    amplitudes and phases are drawn with the seed. The best-fitting straight line is
    subtracted, and the rest is scaled to the variance `variance * ceiling`.

    Args:
        x: Numbers of shape (N,), between -3 and 3.
        seed: See `make_curve`.
        variance: See `make_curve`.
        ceiling: See `make_curve`.

    Returns:
        The values, of shape (N,).

    Example:

    >>> np.round(curve_values([-1.0, 0.0, 1.0]), 2)
    array([0.21, 0.17, 0.92])
    """
    generator = np.random.default_rng((seed, 0))
    periods = np.arange(1, WAVES + 1)
    amplitudes = generator.uniform(0.5, 1.0, size=WAVES) / np.sqrt(periods)
    phases = generator.uniform(0, 2 * np.pi, size=WAVES)

    def waves(points: Floats) -> Floats:
        angles = np.pi * periods * points[:, None] / RANGE + phases
        return np.cos(angles) @ amplitudes

    grid = np.linspace(-RANGE, RANGE, 10_001)
    line = np.polyfit(grid, waves(grid), 1)
    scale = np.sqrt(variance * ceiling) / np.std(waves(grid) - np.polyval(line, grid))
    points = np.asarray(x, "float64")
    return scale * (waves(points) - np.polyval(line, points))
