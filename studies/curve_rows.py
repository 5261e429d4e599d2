"""The rows of a study: read, checked and split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from keras_mtl.datasets.curve import curve_path, curve_values
from keras_mtl.errors import UserError
from keras_mtl.splits import label_strata, row_groups, split_rows
from keras_mtl.tables import describe_row, read_csv, require_columns

__all__ = ["CurveRows", "noise_variance", "read_curve"]

LEAST_ROWS = 40
TEST_FRACTION = 0.25


@dataclass(frozen=True)
class CurveRows:
    """The rows of a curve.

    Attributes:
        source: The name of the data in messages.
        x: The inputs, (N,).
        y: The labels, (N,).
        train_rows: The positions of training rows.
        test_rows: The positions of test rows.
        ceiling: The largest possible R2 on these test rows.
        ceiling_is_known: Whether the curve without noise is known; otherwise the noise
            is estimated from neighboring points.
    """

    source: str
    x: np.ndarray
    y: np.ndarray
    train_rows: np.ndarray
    test_rows: np.ndarray
    ceiling: float
    ceiling_is_known: bool

    @property
    def train(self) -> tuple[np.ndarray, np.ndarray]:
        """The x and y of the training rows."""
        return self.x[self.train_rows], self.y[self.train_rows]

    @property
    def test(self) -> tuple[np.ndarray, np.ndarray]:
        """The x and y of the test rows."""
        return self.x[self.test_rows], self.y[self.test_rows]

    def best_answers(self, x: np.ndarray) -> np.ndarray | None:
        """Return the curve without noise at some x, or None if it is not known."""
        return curve_values(x) if self.ceiling_is_known else None


def read_curve(path: str | None = None, seed: int = 0) -> CurveRows:
    """Read a curve.

    Args:
        path: A CSV file with the columns `x` and `y`, and optionally `split` (`train`
            or `test`). Without this column, a quarter of the rows are test rows. None
            is the embedded curve.
        seed: The seed of the split.

    Raises:
        UserError: With all errors in the file at once.
    """
    source = str(curve_path() if path is None else path)
    frame = read_csv(source)
    errors = require_columns(frame, ["x", "y"], "a number", source)
    if errors:
        raise UserError(*errors)
    for column in ("x", "y"):
        errors += _not_numbers(frame, column, source)
    if not errors:
        errors += _too_little(frame, source)
    if "split" in frame:
        errors += _wrong_split(frame, source)
    if errors:
        raise UserError(*errors)

    x, y = (frame[column].to_numpy("float64") for column in ("x", "y"))
    if "split" in frame:
        held = (frame["split"] == "test").to_numpy()
        train_rows, test_rows = np.flatnonzero(~held), np.flatnonzero(held)
    else:
        groups = row_groups(frame, ["x", "y"], None)
        train_rows, test_rows = split_rows(
            label_strata({"y": y}),
            test_fraction=TEST_FRACTION,
            seed=seed,
            groups=groups,
        )
    known = path is None
    lost = (
        np.mean((y[test_rows] - curve_values(x[test_rows])) ** 2)
        if known
        else noise_variance(x, y)
    )
    ceiling = max(0.0, 1 - float(lost / np.var(y[test_rows])))
    return CurveRows(source, x, y, train_rows, test_rows, ceiling, known)


def noise_variance(x: ArrayLike, y: ArrayLike) -> float:
    """Estimate the variance of the noise on a smooth curve.

    Each point is compared with the straight line between its two neighbors. If the
    points are dense, the curve hardly differs from that line, and the rest is noise.
    See Gasser, Sroka and Jennen-Steinmetz (1986), *Residual variance and residual
    pattern in nonlinear regression*, equation 2.

    Args:
        x: At least three numbers, (N,), in any order.
        y: The values of the curve, (N,).

    Returns:
        The variance. It is too large if the points are too far apart for the bends of
        the curve.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> x = generator.uniform(size=4000)
    >>> y = np.sin(9 * x) + generator.normal(scale=0.5, size=4000)
    >>> abs(noise_variance(x, y) - 0.25) < 0.02
    True
    """
    order = np.argsort(np.asarray(x), kind="stable")
    x, y = np.asarray(x, "float64")[order], np.asarray(y, "float64")[order]
    gaps = x[2:] - x[:-2]
    # Neighbors at the same x have the same weight.
    share = np.divide(
        x[2:] - x[1:-1], gaps, out=np.full(len(gaps), 0.5), where=gaps > 0
    )
    differences = share * y[:-2] + (1 - share) * y[2:] - y[1:-1]
    return float(np.mean(differences**2 / (share**2 + (1 - share) ** 2 + 1)))


def _not_numbers(frame: pd.DataFrame, column: str, source: str) -> list[str]:
    numbers = pd.to_numeric(frame[column], errors="coerce")
    wrong = frame[column][~np.isfinite(numbers)]
    if wrong.empty:
        return []
    label = wrong.index[0]
    shown = "an empty cell" if pd.isna(wrong.iloc[0]) else repr(wrong.iloc[0])
    more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return [
        f"{source}, column {column!r}: expected a finite number in every row. "
        f"Received: {shown} in {describe_row(frame, label)}{more}. Correct or "
        "remove the row."
    ]


def _too_little(frame: pd.DataFrame, source: str) -> list[str]:
    if len(frame) < LEAST_ROWS:
        return [
            f"{source}: expected at least {LEAST_ROWS} rows. Received: {len(frame)}. "
            "Give more rows."
        ]
    return [
        f"{source}, column {column!r}: expected values that differ. Received: "
        f"{frame[column].iloc[0]} in every row."
        for column in ("x", "y")
        if frame[column].nunique() < 2
    ]


def _wrong_split(frame: pd.DataFrame, source: str) -> list[str]:
    words = frame["split"].astype("object").where(frame["split"].notna(), "")
    others = sorted({str(word) for word in words} - {"train", "test"})
    if others:
        return [
            f"{source}, column 'split': expected 'train' or 'test'. Received: "
            f"{', '.join(map(repr, others[:3]))}. Correct the cells, or remove the "
            "column and have the rows split."
        ]
    return [
        f"{source}, column 'split': expected {word!r} in at least "
        f"{LEAST_ROWS // 4} rows whose y differ. Received: {int(chosen.sum())} rows. "
        "Remove the column to have the rows split."
        for word in ("train", "test")
        for chosen in [words == word]
        if chosen.sum() < LEAST_ROWS // 4 or frame["y"][chosen].nunique() < 2
    ]
