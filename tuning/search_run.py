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

# By this file a search folder is known from a folder of the user's.
SEARCH_MARKS = (SEARCH,)

# For settings without any: a search can't do without a validation.
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
    """Searches settings, and writes the best ones and all trials.

    Each trial is cross-validated on the training rows: the rows that a fit with
    the same seed holds out are not touched. The folder holds

    - `search.toml`: the settings of the search, to resume it;
    - `trials/`: a file per finished trial, written as soon as it has ended;
    - `trials.csv`: the table of `trials_table`;
    - `config.toml`: for `python -m keras_mtl.fit --config`: the settings of the
      best trial with as many members as the settings before the search asked for,
      and with the epochs, patience and validation of the search;
    - `report.html` and `report.json`: see `search_report`;
    - `tensorboard/`: a run per trial, if `settings.tensorboard`; see
      `write_hparams_run`;
    - `best/`: the run folder of a fit of `config.toml`, unless `settings.fit` is
      False.

    Args:
        config: The settings before the search.
        settings: How the search goes.
        quiet: Whether nothing but warnings is shown.
        resume: Whether `config.output.folder` is a search to go on with.
        join: Whether other processes may work on the search in
            `config.output.folder` too. It is begun if it is not there.
        workers: The number of processes that are started here and share the trials;
            0 trains them in this process.
        imports: The modules of plugins, which such processes import.

    Returns:
        The search folder. A process that has joined returns when the search is
        whole.

    Raises:
        UserError: When the data, the objective or the folder can't serve, and
            nothing is written; or when no trial could be trained.
    """
    terminal = SearchTerminal(quiet)
    there = resume or join
    folder = Path(config.output.folder or "") if there else _choose(config)
    with terminal.warnings():
        _require(check_solved_choices(settings, config))
        data = prepare_data(with_validation(config))
        _require(check_resolved_choices(settings, data.config, data.tasks))
    # What the preset `best` would try, the search does.
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
        # They read the trials and ranges of this command from the file.
        write_toml(folder / f".{SEARCH}", values)
        (folder / f".{SEARCH}").replace(folder / SEARCH)
    shared = None
    if join or workers:
        # As another process reads them from the file.
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

        # Devices are found at the first use, not without noise.
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
                # What other processes have finished is kept too.
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
    """Writes what a search ends with, the fit of its best settings included."""
    from tuning.nested import nested_estimate
    from tuning.search_report import search_report

    _write_table(folder, trials, objectives)
    if settings.tensorboard:
        # Those of a resumed search too, which had ended before.
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
    """Returns the plain values of `search.toml`."""
    return {**repeatable_values(config), "search": settings.get_config()}


def choose_trial(folder: Path, number: int, epochs: int) -> Path:
    """Writes the settings of a trial to `config.toml`: the user's own choice.

    Args:
        folder: The search folder.
        number: The trial's number.
        epochs: The epochs of a fit.

    Returns:
        The file.

    Raises:
        UserError: When there is no completed trial of this number.
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
    """Writes a trial's settings for a fit of `epochs` epochs.

    The early rounds of Hyperband train for fewer.
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
