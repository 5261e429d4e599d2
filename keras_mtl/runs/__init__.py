"""A run: from settings to the folder that a fit writes."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.runs.features import choose_features as choose_features
    from keras_mtl.runs.split import (
        MemberRows as MemberRows,
        member_rows as member_rows,
    )
    from keras_mtl.runs.predictions import (
        prediction_table as prediction_table,
        predict_frame as predict_frame,
    )
    from keras_mtl.runs.prepare import prepare_data as prepare_data
    from keras_mtl.runs.prepared_data import PreparedData as PreparedData
    from keras_mtl.runs.run_folder import (
        choose_folder as choose_folder,
        new_run_folder as new_run_folder,
    )
    from keras_mtl.runs.train import TrainedRun as TrainedRun, train_run as train_run
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.runs.features": ("choose_features",),
            "keras_mtl.runs.split": ("MemberRows", "member_rows"),
            "keras_mtl.runs.predictions": ("prediction_table", "predict_frame"),
            "keras_mtl.runs.prepare": ("prepare_data",),
            "keras_mtl.runs.prepared_data": ("PreparedData",),
            "keras_mtl.runs.run_folder": ("choose_folder", "new_run_folder"),
            "keras_mtl.runs.train": ("TrainedRun", "train_run"),
        },
    )
