"""Reading and checking a CSV, the embedded data, and splits."""

from keras_mtl.datasets.check_columns import (
    drop_uninformative,
    find_infinite,
    find_non_numeric,
    rare_classes,
    require_columns,
)
from keras_mtl.datasets.curve import (
    curve_path,
    curve_values,
    load_curve,
    make_curve,
)
from keras_mtl.datasets.data_files import data_file
from keras_mtl.datasets.describe_cells import describe_cells
from keras_mtl.datasets.heart_disease import (
    HEART_DISEASE_FEATURES,
    HEART_DISEASE_ZERO_IS_MISSING,
    heart_disease_path,
    load_heart_disease,
)
from keras_mtl.datasets.label_strata import label_strata
from keras_mtl.datasets.line_numbers import LineNumbers, describe_row
from keras_mtl.datasets.read_csv import MISSING_VALUES, read_csv
from keras_mtl.datasets.row_groups import row_groups
from keras_mtl.datasets.splits import fold_rows, split_rows

__all__ = [
    "HEART_DISEASE_FEATURES",
    "HEART_DISEASE_ZERO_IS_MISSING",
    "MISSING_VALUES",
    "LineNumbers",
    "curve_path",
    "curve_values",
    "data_file",
    "describe_cells",
    "describe_row",
    "drop_uninformative",
    "find_infinite",
    "find_non_numeric",
    "fold_rows",
    "heart_disease_path",
    "label_strata",
    "load_curve",
    "load_heart_disease",
    "make_curve",
    "rare_classes",
    "read_csv",
    "require_columns",
    "row_groups",
    "split_rows",
]
