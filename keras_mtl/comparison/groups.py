"""The groups of rows for separate results."""

from __future__ import annotations

import shlex

import numpy as np
import pandas as pd

from keras_mtl.errors import UserError
from keras_mtl.evaluation import band_names
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.tables import require_columns

__all__ = ["choose_groups"]

# The largest number of groups. A column of numbers with more values needs bands.
MOST_GROUPS = 20


def choose_groups(data: PreparedData, by: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return the group of each row, by column.

    Args:
        data: The rows.
        by: The columns, for numbers with the edges of bands, as in `"age:40,60"`.

        Returns:
            The groups by column, arrays of shape (N,), None where the group is missing.

    Raises:
        UserError: If columns are absent or have too many values, or if edges are not
            numbers in ascending order.
    """
    found: dict[str, np.ndarray] = {}
    errors: list[str] = []
    for text in by:
        column, colon, edges = text.rpartition(":")
        if not colon or text in data.rows:
            column, edges = text, ""
        absent = require_columns(data.rows, [column], "--by", data.source)
        if absent:
            errors += absent
            continue
        values = data.rows[column]
        if edges:
            try:
                numbers = pd.to_numeric(values, errors="coerce").to_numpy("float64")
                found[column] = band_names(
                    numbers, [float(e) for e in edges.split(",")]
                )
            except ValueError:
                errors.append(
                    f"--by {shlex.quote(text)}: expected numbers in ascending order, "
                    f"such as {column}:40,60. Received: {edges!r}."
                )
            continue
        if values.nunique() > MOST_GROUPS:
            errors.append(
                f"{data.source}, column {column!r} (--by): expected at most "
                f"{MOST_GROUPS} groups. Received: {values.nunique()} values. Give the "
                f"edges of bands, as in --by {shlex.quote(f'{column}:40,60')}."
            )
            continue
        named = values.astype(object).where(values.notna(), None)
        found[column] = np.asarray(named, dtype=object)
    if errors:
        raise UserError(*errors)
    return found
