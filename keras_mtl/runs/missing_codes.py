"""Numbers such as -9 that may mean missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.errors import warn_of_data
from keras_mtl.features import Feature
from keras_mtl.tables.column_store import Rows
from keras_mtl.tables.suspicions import missing_code

__all__ = ["MissingCode", "find_missing_codes", "warn_of_missing_codes"]


class MissingCode(NamedTuple):
    """A number that may be a code for a missing value.

    Attributes:
        column: The name of the column.
        number: The number.
        rows: The number of rows with this number.
    """

    column: str
    number: float
    rows: int


def find_missing_codes(
    frame: Rows, features: Sequence[Feature], config: FitConfig
) -> tuple[MissingCode, ...]:
    """Find numbers that may mean a missing value in numeric features and labels.

    Args:
        frame: The rows.
        features: The features of the run.
        config: The settings, with the tasks and with numbers that are declared as
            missing.
    """
    numeric = [each.column_name for each in features if each.dtype == "float32"]
    labels = [column for task in config.tasks for column in task.label_columns]
    declared = {feature.column_name: feature for feature in features}
    found = []
    for column in dict.fromkeys([*numeric, *labels]):
        known = column in declared and declared[column].missing_numbers
        if column not in frame or known or column in config.inputs.missing_values:
            continue
        code = missing_code(frame[column])
        if code is not None:
            found.append(MissingCode(column, *code))
    return tuple(found)


def warn_of_missing_codes(codes: Iterable[MissingCode], source: str) -> None:
    """Report each number with its columns, and how to declare it as missing.

    Args:
        codes: The numbers to report.
        source: The name of the data in messages.
    """
    by_number: dict[float, list[str]] = {}
    for code in codes:
        named = f"{code.column!r} ({code.rows} rows)"
        by_number.setdefault(code.number, []).append(named)
    for number, where in by_number.items():
        others = (
            "no other value is below 0" if number < 0 else "all others are far smaller"
        )
        warn_of_data(
            f"{source}: {number:g} may mean missing in {', '.join(where)}: {others}. "
            f"If it does, say so (--missing={number:g})."
        )
