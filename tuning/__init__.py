"""Searches for settings, on keras-tuner.

It imports `keras_mtl` and is imported by nothing in it. The names are loaded
when they are first used, so that `python -m tuning --help` loads neither
keras-tuner nor TensorFlow.
"""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from tuning.hyper_model import MultiTaskHyperModel as MultiTaskHyperModel
    from tuning.objective import (
        Objective as Objective,
        choose_objective as choose_objective,
        objectives as objectives,
    )
    from tuning.random_search import run_trials as run_trials
    from tuning.search_run import run_search as run_search
    from tuning.search_settings import SearchSettings as SearchSettings
    from tuning.search_space import choose_settings as choose_settings
    from tuning.trials import (
        Trial as Trial,
        best_trial as best_trial,
        trials_table as trials_table,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
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
