"""The commands as Python functions that take and return DataFrames."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.dataframes.evaluating import evaluate_table as evaluate_table
    from keras_mtl.dataframes.fitting import (
        TableFit as TableFit,
        fit_table as fit_table,
    )
    from keras_mtl.dataframes.predicting import predict_table as predict_table
    from keras_mtl.dataframes.keywords import FitKeywords as FitKeywords
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.dataframes.evaluating": ("evaluate_table",),
            "keras_mtl.dataframes.fitting": ("TableFit", "fit_table"),
            "keras_mtl.dataframes.predicting": ("predict_table",),
            "keras_mtl.dataframes.keywords": ("FitKeywords",),
        },
    )
