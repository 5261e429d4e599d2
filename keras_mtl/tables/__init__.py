"""Files of rows as checked columns.

Names are imported when they are first used, so that settings can be checked without
importing pandas.
"""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.tables._read_csv import read_csv as read_csv
    from keras_mtl.tables.check_columns import (
        describe_cells as describe_cells,
        drop_uninformative as drop_uninformative,
        find_infinite as find_infinite,
        find_non_numeric as find_non_numeric,
        rare_classes as rare_classes,
        require_columns as require_columns,
    )
    from keras_mtl.tables.line_numbers import (
        LineNumbers as LineNumbers,
        describe_row as describe_row,
    )
    from keras_mtl.tables.missing_values import MISSING_VALUES as MISSING_VALUES
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.tables._read_csv": ("read_csv",),
            "keras_mtl.tables.check_columns": (
                "describe_cells",
                "drop_uninformative",
                "find_infinite",
                "find_non_numeric",
                "rare_classes",
                "require_columns",
            ),
            "keras_mtl.tables.line_numbers": ("LineNumbers", "describe_row"),
            "keras_mtl.tables.missing_values": ("MISSING_VALUES",),
        },
    )
