"""Files of rows as checked columns.

The names are loaded when they are first used: settings are checked without
pandas.
"""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
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
