"""Content of the report of a run."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version

import numpy as np
import pandas as pd

from keras_mtl.report.fit_facts import MOST_COLUMNS, RowSample
from keras_mtl.runs.prepared_data import PreparedData

__all__ = ["draw_rows", "package_versions", "sample_rows"]

# Statistical tests with this many rows are fast, and find all relevant effects.
SAMPLED_ROWS = 5000


def sample_rows(data: PreparedData) -> RowSample:
    """Draw rows for the report's checks of the data.

    Call this function before training, which may release the rows.

    Args:
        data: The data of a run.

    Returns:
        All rows, or at most 5000 of each side of the split.
    """
    generator = np.random.default_rng(data.config.seed)
    train = draw_rows(data.train_rows, generator)
    test = draw_rows(data.test_rows, generator)
    columns = dict.fromkeys(feature.column_name for feature in data.features)
    series = {name: data.rows[name] for name in [*columns][:MOST_COLUMNS]}
    return RowSample(
        _take(series, train),
        _take(series, test),
        {task.name: data.labels[task.name][train] for task in data.tasks},
        test_rows=test,
        whole=len(train) == len(data.train_rows) and len(test) == len(data.test_rows),
        missing_codes=data.missing_codes,
    )


def draw_rows(rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return the rows, or a random sample of 5000 of them in their order."""
    if len(rows) <= SAMPLED_ROWS:
        return rows
    return np.sort(generator.choice(rows, SAMPLED_ROWS, replace=False))


def _take(columns: Mapping[str, pd.Series], rows: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {name: column.iloc[rows].array for name, column in columns.items()}
    )


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that affect a result."""
    packages = ("keras-mtl", "keras", "tensorflow", "numpy", "scikit-learn")
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
