"""Files of rows as checked columns."""

from keras_mtl.tables.check_columns import (
    describe_cells,
    drop_uninformative,
    find_infinite,
    find_non_numeric,
    rare_classes,
    require_columns,
)
from keras_mtl.tables.line_numbers import LineNumbers, describe_row
from keras_mtl.tables.read_csv import MISSING_VALUES, read_csv

__all__ = [
    "MISSING_VALUES",
    "LineNumbers",
    "describe_cells",
    "describe_row",
    "drop_uninformative",
    "find_infinite",
    "find_non_numeric",
    "rare_classes",
    "read_csv",
    "require_columns",
]
