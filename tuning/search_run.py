"""A search from its settings to its folder."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_mtl._core.interrupts import terminate_as_interrupt
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.configuration.toml_file import read_toml, write_toml
from keras_mtl.errors import UserError
from keras_mtl.report.page import write_report
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.run_folder import choose_folder
from tuning.best_run import fit_best
from tuning.hparams_runs import write_hparams_run
from tuning.objective import GAIN, Objective, choose_objectives
from tuning.search_settings import SearchSettings
from tuning.search_terminal import SearchTerminal
from tuning.search_workers import SEARCH, begin_or_join, run_workers
from tuning.shared_trials import SharedTrials
from tuning.solved_choices import check_resolved_choices, check_solved_choices
from tuning.trial_data import TrialData, make_trial_data
from tuning.trial_store import TrialStore
from tuning.trials import Trial, best_trial, optimism, pareto_front, trials_table

__all__ = ["SEARCH", "choose_trial", "run_search", "with_validation"]

# This file identifies a search folder.
SEARCH_MARKS = (SEARCH,)

# The default for settings without a validation, which a search needs.
PATIENCE = 10
VALIDATION_FRACTION = 0.2


def run_search(
    config: FitConfig,
    settings: SearchSettings,
    quiet: bool = False,
    resume: bool = False,
    join: bool = False,
    workers: int = 0,
    imports: Sequence[str] = (),
) -> Path:
    """Search settings, and write the best settings and all trials.

    Each trial is cross-validated on the training rows. The rows that a fit with the
    same seed holds out are not used. The folder contains

    - `search.toml`: the settings of the search, to resume it;
    - `trials/`: one file per finished trial, written as soon as it has ended;
    - `trials.csv`: the table of `trials_table`;
    - `config.toml`: for `python -m keras_mtl.fit --config`: the settings of the
      best trial, with the number of members from before the search, and with the
      epochs, patience and validation of the search;
    - `report.html` and `report.json`: see `search_report`;
    - `tensorboard/`: one run per trial, if `settings.tensorboard`; see
      `write_hparams_run`;
    - `best/`: the run folder of a fit of `config.toml`, unless `settings.fit` is
      False.

    Args:
        config: The settings before the search.
        settings: The settings of the search.
        quiet: Whether only warnings are shown.
        resume: Whether to resume the search in `config.output.folder`.
        join: Whether other processes may also work on the search in
            `config.output.folder`. A search that does not exist is started.
        workers: The number of processes to start, which share the trials; 0 trains the
            trials in this process.
        imports: The modules of plugins, which the processes import.

    Returns:
        The search folder. A process that has joined returns when the search is
        complete.

    Raises:
        UserError: If the data, the objective or the folder cannot be used, and then
            nothing is written; or when no trial could be trained.
    """
    terminal = SearchTerminal(quiet)
    there = resume or join
    folder = Path(config.output.folder or "") if there else _choose(config)
    with terminal.warnings():
        _require(check_solved_choices(settings, config))
        data = prepare_data(with_validation(config))
        _require(check_resolved_choices(settings, data.config, data.tasks))
    # The search replaces the comparisons of the preset `best`.
    config = data.config.replace(by_validation=())
    rows = make_trial_data(data, settings.folds, settings.repeats)
    objectives = choose_objectives(settings.objective, data.tasks, rows.rows.labels)
    values = search_values(config, settings)
    if join:
        begin_or_join(folder, values)
    elif not resume:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        write_toml(folder / SEARCH, values)
    elif workers:
        # The workers read the settings of this command from the file.
        write_toml(folder / f".{SEARCH}", values)
        (folder / f".{SEARCH}").replace(folder / SEARCH)
    shared = None
    if join or workers:
        # Read from the file, so that all processes have the same values.
        values = read_toml(str(folder / SEARCH))
        shared = SharedTrials(
            folder, values, settings.trials_per_claim, settings.heartbeat
        )
    store = TrialStore(folder)
    terminal.show_data(data)
    with terminal.loading():
        import tensorflow as tf

        from tuning.baselines import measure_baselines
        from tuning.search_loop import run_trials

        # TensorFlow prints messages when it first looks for devices.
        tf.config.list_logical_devices()

    terminal.show_search(len(rows.rows.rows), settings, objectives, len(store.trials))
    with contextlib.ExitStack() as stack:
        if shared is not None:
            stack.enter_context(terminate_as_interrupt())
            stack.enter_context(shared.heartbeats())
        try:
            with terminal.trials(
                settings.trials, objectives[0], store.trials
            ) as show_trial:

                def on_trial(trial: Trial) -> None:
                    show_trial(trial)
                    if settings.tensorboard:
                        write_hparams_run(folder, trial, objectives)

                if workers and shared is not None:
                    trials = run_workers(
                        folder,
                        workers,
                        settings.trials,
                        shared,
                        store,
                        on_trial,
                        imports,
                    )
                else:
                    baselines = None
                    if any(GAIN in each.metrics for each in objectives):
                        baselines = measure_baselines(config, rows)
                    trials = run_trials(
                        config,
                        settings,
                        objectives,
                        rows,
                        on_trial,
                        store,
                        baselines,
                        shared=shared,
                    )
            if join and shared is not None and not shared.wait_for_end():
                terminal.show_joined(folder)
                return folder
        except KeyboardInterrupt:
            if shared is not None:
                # Includes the trials that other processes have finished.
                store.refresh()
            terminal.show_stopped(folder, len(store.trials))
            raise
        _write_results(
            folder, config, settings, objectives, rows, trials, terminal, quiet
        )
        if shared is not None:
            shared.end()
    return folder


def _require(errors: Sequence[str]) -> None:
    if errors:
        raise UserError(*errors)


def _write_results(
    folder: Path,
    config: FitConfig,
    settings: SearchSettings,
    objectives: Sequence[Objective],
    rows: TrialData,
    trials: Sequence[Trial],
    terminal: SearchTerminal,
    quiet: bool,
) -> None:
    """Write the results of a search, including the fit of its best settings."""
    from tuning.nested import nested_estimate
    from tuning.search_report import search_report

    _write_table(folder, trials, objectives)
    if settings.tensorboard:
        # Includes trials that ended before the search was resumed.
        for trial in trials:
            write_hparams_run(folder, trial, objectives)
    best = best_trial(trials, objectives)
    if best is None:
        raise UserError(
            f"Expected at least one trial that trains; all {len(trials)} failed. The "
            f"first: {trials[0].message} Lower search.learning_rate, or look for "
            f"extreme values in the data. All reasons are in {folder / 'trials.csv'}."
        )
    estimate = None
    if settings.nested:
        with terminal.outer_folds(settings.nested, objectives[0]) as on_fold:
            estimate = nested_estimate(config, settings, objectives[0], rows, on_fold)
        terminal.show_nested(estimate, objectives[0])
    path = write_settings(folder, best, config.training.epochs)
    text = path.read_text("utf-8")
    name = config.model.name
    write_report(
        folder, search_report(name, trials, objectives, settings, text, estimate)
    )
    terminal.show_best(
        best,
        objectives[0],
        folder,
        optimism(trials, objectives[0]),
        pareto_front(trials, objectives) if len(objectives) > 1 else [],
        objectives,
        settings.fit,
    )
    if settings.fit:
        fit_best(folder, quiet)


def search_values(config: FitConfig, settings: SearchSettings) -> dict[str, Any]:
    """Return the plain values of `search.toml`."""
    return {**repeatable_values(config), "search": settings.get_config()}


def choose_trial(folder: Path, number: int, epochs: int) -> Path:
    """Write the settings of a trial that the user chose to `config.toml`.

    Args:
        folder: The search folder.
        number: The trial's number.
        epochs: The number of epochs of a fit.

    Returns:
        The path of the file.

    Raises:
        UserError: If no completed trial has this number.
    """
    trials = [trial for trial in TrialStore(folder).trials if trial.completed]
    for trial in trials:
        if trial.number == number:
            return write_settings(folder, trial, epochs)
    known = ", ".join(str(trial.number) for trial in trials) or "none"
    raise UserError(
        f"--choose: expected the number of a completed trial in {folder}, one of "
        f"{known}; received {number}."
    )


def write_settings(folder: Path, trial: Trial, epochs: int) -> Path:
    """Write a trial's settings for a fit of `epochs` epochs.

    The early rounds of Hyperband train for fewer epochs.
    """
    config = trial.config.replace(training=trial.config.training.replace(epochs=epochs))
    path, partial = folder / "config.toml", folder / ".config.toml"
    write_toml(partial, repeatable_values(config))
    partial.replace(path)
    return path


def _choose(config: FitConfig) -> Path:
    return choose_folder(
        config.output.folder,
        config.output.overwrite,
        f"{config.model.name}-search",
        marks=SEARCH_MARKS,
    )


def _write_table(
    folder: Path, trials: Sequence[Trial], objectives: Sequence[Objective]
) -> None:
    partial = folder / ".trials.csv"
    trials_table(trials, objectives).to_csv(partial, index=False)
    partial.replace(folder / "trials.csv")


def with_validation(config: FitConfig) -> FitConfig:
    """Add a validation to settings that have none.

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
