"""An evaluation, from the settings to the written folder."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from keras_mtl._core.interrupts import terminate_as_interrupt
from keras_mtl._core.side_process import SideProcess, SideProcessError
from keras_mtl._core.whole_folders import disk_failures
from keras_mtl.comparison.candidates import choose_candidates
from keras_mtl.comparison.comparison import Comparison
from keras_mtl.comparison.experiment import Experiment
from keras_mtl.comparison.folds import make_folds
from keras_mtl.comparison.groups import choose_groups
from keras_mtl.comparison.label_shares import (
    check_label_shares,
    label_share_candidates,
)
from keras_mtl.comparison.report_facts import report_facts
from keras_mtl.comparison.settings import ComparisonSettings
from keras_mtl.comparison.summary import summarize
from keras_mtl.comparison.tables import show_comparison
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.configuration.toml_file import write_toml
from keras_mtl.errors import RunStoppedError, UserError, gather
from keras_mtl.report.page import PAGE
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.terminal import Terminal

__all__ = ["evaluate_run"]

FITS = "fits"
PREDICTIONS = "out_of_fold.csv"


def evaluate_run(
    config: FitConfig,
    settings: ComparisonSettings,
    folder: Path,
    workers: int = 1,
    quiet: bool = False,
    modules: Sequence[str] = (),
    data: PreparedData | None = None,
) -> Comparison:
    """Compare models on the rows of a run, and write the result.

    Existing fits in the folder are reused. A killed evaluation can therefore be
    resumed, and a longer evaluation reuses the fits of a shorter one. Processes that
    are started with the same folder, on this or another machine, share the work.

    Args:
        config: The settings of the multi-task network.
        settings: The settings of the comparison.
        folder: The folder, which is created if it does not exist.
        workers: The number of processes that run fits on this machine. One more process
            fits the models of scikit-learn.
        quiet: Whether only warnings are printed.
        modules: The modules that register plugins, for these processes.
        data: The rows from `prepare_data`; None reads the rows of the settings. Other
            processes cannot read given rows, so this process runs all fits.

    Returns:
        The result.

    Raises:
        UserError: If the rows cannot be used. Nothing is written then.
        RunStoppedError: If the process is interrupted. Fits are kept.
    """
    terminal = Terminal(quiet)
    errors: list[str] = []
    if data is None:
        with terminal.warnings(), gather(errors):
            data = prepare_data(config)
    if errors or data is None:
        raise UserError(*errors)
    with gather(errors):
        groups = choose_groups(data, settings.by)
    if folder.exists() and not (folder / FITS).is_dir() and any(folder.iterdir()):
        errors.append(
            f"{folder}: expected a folder of an evaluation, or none. It holds other "
            "files. Choose another with --out."
        )
    with gather(errors):
        folds = make_folds(data, settings)
        check_label_shares(data, folds, settings)
    with gather(errors):
        candidates = choose_candidates(data.config, settings, len(data.rows))
    if errors:
        raise UserError(*errors)
    candidates += label_share_candidates(data, folds, settings, candidates)
    experiment = Experiment(data, settings, folds, candidates, folder / FITS)
    experiment.remove_damaged()
    terminal.show_data(
        data,
        f"{len(data.rows)} rows, divided into {experiment.folds_per_repeat} folds "
        f"{len(folds) // experiment.folds_per_repeat} times",
    )
    try:
        with (
            disk_failures(folder, "Fits are kept. Make room, and start it again."),
            terminate_as_interrupt(),
            contextlib.nullcontext()
            if data.in_memory
            else _helpers(experiment, folder, workers, modules),
        ):
            done, total = experiment.done()
            if done < total:
                with terminal.loading():
                    import tensorflow as tf

                    # TensorFlow finds devices at the first use, and prints messages.
                    tf.config.list_logical_devices()
            with _progress(terminal, experiment, quiet) as on_progress:
                experiment.work(True, workers, on_progress)
    except KeyboardInterrupt:
        done, total = experiment.done()
        raise RunStoppedError(
            f"{folder}: {done} of {total} fits are made and kept. Start the same "
            "command to go on."
        ) from None
    comparison = summarize(experiment, groups)
    with disk_failures(folder, "Fits are kept. Make room, and start it again."):
        _write(comparison, experiment, folder)
    show_comparison(terminal.console, comparison)
    terminal.console.print(f"Written: {folder}. Open {folder / PAGE} in a browser.")
    return comparison


@contextlib.contextmanager
def _helpers(
    experiment: Experiment, folder: Path, workers: int, modules: Sequence[str]
) -> Iterator[None]:
    """Run fits in other processes too, as long as the context lasts."""
    done, total = experiment.done()
    if done == total:
        yield
        return
    values = repeatable_values(experiment.data.config)
    plain = experiment.settings.get_config(defaults=True)
    with contextlib.ExitStack() as stack:
        helpers = []
        for networks in [False, *[True] * (workers - 1)]:
            side = stack.enter_context(SideProcess())
            side.submit(
                "keras_mtl.comparison.experiment:work_beside",
                values,
                plain,
                str(folder / FITS),
                list(modules),
                networks,
                workers,
            )
            helpers.append(side)
        yield
        for side in helpers:
            # If a process failed, this process has run its fits or reported the error.
            with contextlib.suppress(SideProcessError):
                side.result()


@contextlib.contextmanager
def _progress(terminal: Terminal, experiment: Experiment, quiet: bool) -> Iterator[Any]:
    done, total = experiment.done()
    if quiet or not sys.stdout.isatty():
        yield None
        return
    bar = Progress(
        TextColumn("{task.completed:.0f} of {task.total:.0f} fits"),
        BarColumn(),
        TimeRemainingColumn(),
        console=terminal.console,
        transient=True,
    )
    with bar:
        shown = bar.add_task("fits", total=total, completed=done)

        def advance(partly: float) -> None:
            bar.update(shown, completed=min(total, experiment.done()[0] + partly))

        yield advance


def _write(comparison: Comparison, experiment: Experiment, folder: Path) -> None:
    # The import of figures takes time.
    from keras_mtl.report.evaluation_page import evaluation_report
    from keras_mtl.report.page import write_report

    comparison.predictions.to_csv(folder / PREDICTIONS, index=False)
    write_toml(folder / "config.toml", repeatable_values(experiment.data.config))
    # Last: the JSON of the report shows that the other files are complete.
    report = evaluation_report(report_facts(comparison, experiment, folder))
    write_report(folder, report)
