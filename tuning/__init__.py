"""Searches for settings, on keras-tuner.

This package imports `keras_mtl`, and nothing in `keras_mtl` imports it. The names are
loaded when they are first used, so `python -m tuning --help` loads neither keras-tuner
nor TensorFlow.
"""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from tuning.cross_validation import (
        CrossValidation as CrossValidation,
    )
    from tuning.hyper_model import (
        MultiTaskHyperModel as MultiTaskHyperModel,
    )
    from tuning.objective import (
        Objective as Objective,
        choose_objective as choose_objective,
        choose_objectives as choose_objectives,
        objectives as objectives,
    )
    from tuning.search_loop import (
        run_trials as run_trials,
    )
    from tuning.search_run import (
        choose_trial as choose_trial,
        run_search as run_search,
    )
    from tuning.search_settings import (
        SearchSettings as SearchSettings,
    )
    from tuning.search_space import (
        choose_settings as choose_settings,
    )
    from tuning.trial_data import (
        TrialData as TrialData,
        make_trial_data as make_trial_data,
    )
    from tuning.trial_store import (
        TrialStore as TrialStore,
    )
    from tuning.trials import (
        Trial as Trial,
        best_trial as best_trial,
        pareto_front as pareto_front,
        trials_table as trials_table,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "tuning.cross_validation": ("CrossValidation",),
            "tuning.hyper_model": ("MultiTaskHyperModel",),
            "tuning.objective": (
                "Objective",
                "choose_objective",
                "choose_objectives",
                "objectives",
            ),
            "tuning.search_loop": ("run_trials",),
            "tuning.search_run": (
                "choose_trial",
                "run_search",
            ),
            "tuning.search_settings": ("SearchSettings",),
            "tuning.search_space": ("choose_settings",),
            "tuning.trial_data": (
                "TrialData",
                "make_trial_data",
            ),
            "tuning.trial_store": ("TrialStore",),
            "tuning.trials": (
                "Trial",
                "best_trial",
                "pareto_front",
                "trials_table",
            ),
        },
    )
