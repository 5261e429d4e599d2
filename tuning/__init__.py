"""Searches for settings, on keras-tuner.

It imports `keras_mtl` and is imported by nothing in it. The names are loaded
when they are first used, so that `python -m tuning --help` loads neither
keras-tuner nor TensorFlow.
"""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "tuning.hyper_model": ("MultiTaskHyperModel",),
        "tuning.objective": ("Objective", "choose_objective", "objectives"),
        "tuning.random_search": ("run_trials",),
        "tuning.search_run": ("run_search",),
        "tuning.search_settings": ("SearchSettings",),
        "tuning.search_space": ("choose_settings",),
        "tuning.trials": ("Trial", "best_trial", "trials_table"),
    },
)
