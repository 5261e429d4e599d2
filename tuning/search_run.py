"""A search from its settings to its folder."""

from __future__ import annotations

from pathlib import Path

from keras_mtl.architectures.solved import solved_settings
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.configuration.toml_file import write_toml
from keras_mtl.errors import UserError
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.run_folder import choose_folder, new_run_folder
from tuning.objective import choose_objective
from tuning.search_settings import SearchSettings
from tuning.search_terminal import SearchTerminal
from tuning.trial_data import encode_rows, trial_rows
from tuning.trials import best_trial, trials_table

__all__ = ["run_search", "with_validation"]

# What every search folder holds: by it one is known from a folder of the user's.
SEARCH_MARKS = ("config.toml", "trials.csv")

# For settings without any: a search can't do without a validation.
PATIENCE = 10
VALIDATION_FRACTION = 0.2


def _require_trained(config: FitConfig) -> None:
    """Refuse an architecture that a search has nothing to tune in."""
    architecture = config.model.architecture
    if solved_settings(architecture, config.model) is not None:
        raise UserError(
            "model.architecture: expected an architecture that is trained, as a search "
            f"tunes its training; {architecture.name} is solved, and chooses its own "
            "strength by cross-validation. Fit it with python -m keras_mtl.fit, or "
            "compare it with python -m keras_mtl.evaluate --compare "
            f"{architecture.name}."
        )


def run_search(
    config: FitConfig, settings: SearchSettings, quiet: bool = False
) -> Path:
    """Searches settings, and writes the best ones and all trials.

    Trials train one member each on a part of the training rows, stop early by
    the rest and are measured on it. The rows that a fit with the same seed
    holds out are not touched. Of the search folder's files, `config.toml` is
    for `python -m keras_mtl.fit --config`: the settings of the best trial
    with as many members as the settings before the search asked for, and with
    the epochs, patience and validation of the trials; `trials.csv` is the
    table of `trials_table`.

    Args:
        config: The settings before the search.
        settings: How the search goes.
        quiet: Whether nothing but warnings is shown.

    Returns:
        The search folder.

    Raises:
        UserError: When the data, the objective or the folder can't serve, or
            no trial could be trained; nothing is written.
    """
    terminal = SearchTerminal(quiet)
    overwrite = config.output.overwrite
    name = f"{config.model.name}-search"
    folder = choose_folder(config.output.folder, overwrite, name, marks=SEARCH_MARKS)
    with terminal.warnings():
        _require_trained(config)
        data = prepare_data(with_validation(config))
    config = data.config
    rows = trial_rows(data)
    labels = {name: values[rows.validation] for name, values in data.labels.items()}
    objective = choose_objective(settings.objective, data.tasks, labels)
    terminal.show_data(data)
    with terminal.loading():
        import tensorflow as tf

        from tuning.random_search import run_trials

        # Devices are found at the first use, not without noise.
        tf.config.list_logical_devices()

    terminal.console.print(
        f"Searching: each trial trains on {len(rows.train)} rows and is measured by "
        f"{objective.name} ({objective.direction}) on {len(rows.validation)}"
    )
    with terminal.trials(settings.trials, objective) as on_trial:
        encoded = encode_rows(data, rows)
        trials = run_trials(config, settings, objective, encoded, on_trial)
    best = best_trial(trials, objective)
    if best is None:
        raise UserError(
            f"Expected at least one trial that trains; all {len(trials)} failed. The "
            f"first: {trials[0].message} Lower search.learning_rate, or look for "
            "extreme values in the data."
        )
    with new_run_folder(folder, overwrite) as written:
        write_toml(written / "config.toml", repeatable_values(best.config))
        table = trials_table(trials, objective)
        table.to_csv(written / "trials.csv", index=False)
    terminal.show_best(best, objective, folder)
    return folder


def with_validation(config: FitConfig) -> FitConfig:
    """Gives settings that train all epochs on all rows a validation.

    Example:

    >>> from keras_mtl.configuration import build_config
    >>> config = with_validation(build_config({"preset": "article"}))
    >>> config.training.patience, config.training.validation_fraction
    (10, 0.2)
    """
    training = config.training
    return config.replace(
        training=training.replace(
            patience=training.patience or PATIENCE,
            validation_fraction=training.validation_fraction or VALIDATION_FRACTION,
        )
    )
