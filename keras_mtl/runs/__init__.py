"""A run: from settings to the folder that a fit writes."""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "keras_mtl.runs.features": ("choose_features",),
        "keras_mtl.runs.member_split": ("MemberRows", "member_rows"),
        "keras_mtl.runs.predictions": ("answer_rows", "predict_frame"),
        "keras_mtl.runs.prepare": ("PreparedData", "prepare_data"),
        "keras_mtl.runs.run_folder": ("choose_folder", "new_run_folder"),
        "keras_mtl.runs.train": ("TrainedRun", "train_run"),
    },
)
