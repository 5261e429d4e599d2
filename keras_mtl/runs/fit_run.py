"""A run from its settings to its folder."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_mtl._core.claims import claim
from keras_mtl._core.interrupts import terminate_as_interrupt
from keras_mtl._core.whole_folders import disk_failures
from keras_mtl.architectures.solved import solved_settings
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.configuration.table_rule import tries_settings
from keras_mtl.configuration.workers import Workers
from keras_mtl.errors import RunStoppedError, UserError, gather
from keras_mtl.runs.checkpoint import (
    Checkpoint,
    KeepProgress,
    checkpoint_path,
    pack_checkpoint,
)
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.resume import (
    data_digests,
    plain,
    require_same_data,
    require_same_settings,
)
from keras_mtl.runs.run_folder import choose_folder, new_run_folder
from keras_mtl.runs.side_processes import RunHelpers, begin_helpers
from keras_mtl.runs.terminal import Terminal

if TYPE_CHECKING:
    from keras_mtl.runs.train import TrainedRun

__all__ = ["FinishedRun", "fit_run"]


@dataclass(frozen=True)
class FinishedRun:
    """Result of a complete run.

    Attributes:
        folder: The run folder.
        data: The data of the run, without the columns of the rows.
        run: The result of training.
        metrics: The content of `metrics.json`.
    """

    folder: Path
    data: PreparedData
    run: TrainedRun
    metrics: dict[str, Any]


def fit_run(
    config: FitConfig,
    quiet: bool = False,
    resume: Checkpoint | None = None,
    workers: Workers | None = None,
    data: PreparedData | None = None,
) -> FinishedRun:
    """Train, evaluate and export the model that the settings describe.

    A checkpoint beside the run folder has the state of training until the run is
    complete.

    Args:
        config: The run's settings.
        quiet: Whether only warnings are printed.
        resume: The checkpoint of an interrupted run, to resume from.
        workers: The processes that train the run together, with this one as chief; None
            for a single process. See `worker_run`.
        data: The rows from `prepare_data`; None reads the rows of the settings.

    Returns:
        The run, complete in its folder.

    Raises:
        UserError: If the data or the folder cannot be used, or differ from those of the
            interrupted run. Nothing is written then.
        RunStoppedError: If the process is interrupted, or a worker is lost.
    """
    terminal = Terminal(quiet)
    errors: list[str] = []
    with gather(errors):
        folder = choose_folder(
            config.output.folder, config.output.overwrite, config.model.name
        )
    solved = solved_settings(config.model.architecture, config.model)
    if workers is not None and solved is not None:
        errors.append(
            "model.architecture: expected an architecture that is trained, as several "
            f"workers share its training; {config.model.architecture.name} is solved. "
            "Start it without TF_CONFIG."
        )
    if data is None:
        with terminal.warnings(), gather(errors):
            data = prepare_data(config)
    if workers is not None and tries_settings(config):
        errors.append(
            "preset: expected one that tries nothing, as several workers share one "
            "training; received 'best'. Fit it once without TF_CONFIG, and give the "
            "workers its config.toml (--config)."
        )
    if errors or data is None:
        raise UserError(*errors)
    kept = KeepProgress(
        checkpoint_path(folder),
        plain(repeatable_values(data.config)),
        data_digests(data),
    )
    if resume is not None:
        require_same_settings(resume.settings, kept.settings)
        require_same_data(resume.data, kept.data)
        kept.epoch = resume.progress.epoch
    with contextlib.ExitStack() as stack:
        # Detect another process that writes there now, and not after the training.
        with disk_failures(folder, "Nothing is trained yet. Make room."):
            stack.enter_context(claim(folder))
        if resume is None and kept.path.exists():
            terminal.show_given_up(folder)
            kept.remove()
        terminal.show_data(data)
        try:
            # The helpers import packages while this process imports and trains.
            with terminate_as_interrupt(), begin_helpers() as helpers:
                return _train_and_write(
                    data, folder, kept, resume, terminal, workers, helpers
                )
        except KeyboardInterrupt:
            raise RunStoppedError(_interrupted(data, folder, kept)) from None


def _train_and_write(
    data: PreparedData,
    folder: Path,
    kept: KeepProgress,
    resume: Checkpoint | None,
    terminal: Terminal,
    workers: Workers | None,
    helpers: RunHelpers,
) -> FinishedRun:
    config = data.config
    replicas = None
    lost: contextlib.AbstractContextManager = contextlib.nullcontext()
    with terminal.loading() as screen:
        import tensorflow as tf

        from keras_mtl.runs.cluster import (
            LOST,
            join_workers,
            notice_loss,
            require_agreement,
        )
        from keras_mtl.runs.report_facts import sample_rows
        from keras_mtl.runs.train import train_run
        from keras_mtl.runs.write_run import run_metrics, write_run

        if workers is not None:
            terminal.show_waiting(workers)
            replicas = join_workers(workers, screen)
            lost = notice_loss(workers)
        # TensorFlow prints messages when it first looks for devices.
        tf.config.list_logical_devices()

    if config.by_validation:
        data = _choose(data, kept, terminal)
        config = data.config
    epochs = config.training.epochs
    if resume is not None:
        terminal.show_resumed(kept.epoch, epochs)
    # Training releases the rows.
    sample = sample_rows(data)
    with lost, terminal.progress(epochs, kept.epoch) as on_epoch, kept:
        if workers is not None and replicas is not None:
            replicas.broadcast(b"" if resume is None else pack_checkpoint(resume))
            require_agreement(replicas, workers, kept.settings, kept.data)
        run = train_run(
            data,
            on_epoch,
            resume_from=None if resume is None else resume.progress,
            on_progress=kept,
            replicas=replicas,
            release_rows=True,
            sample=sample,
        )
    metrics = run_metrics(run, data)
    with (
        disk_failures(
            folder, f"Training is kept. Make room. {_how_to_resume(data, folder)}"
        ),
        new_run_folder(folder, config.output.overwrite) as written,
    ):
        write_run(written, run, data, metrics, helpers, sample)
    kept.remove()
    terminal.show_result(metrics, folder)
    if replicas is not None:
        # The other workers end with this one. The run is complete even if a worker is
        # lost.
        with contextlib.suppress(*LOST):
            replicas.wait_for_all()
    return FinishedRun(folder, data, run, metrics)


def _choose(data: PreparedData, kept: KeepProgress, terminal: Terminal) -> PreparedData:
    """Choose settings on the training rows, and use them for the run."""
    from keras_mtl.runs.choose_by_validation import (
        choice_sentence,
        choose_by_validation,
    )

    config = choose_by_validation(
        data, lambda choice: terminal.show_line(choice_sentence(choice))
    )
    data = replace(data, config=config)
    kept.settings = plain(repeatable_values(data.config))
    return data


def _interrupted(data: PreparedData, folder: Path, kept: KeepProgress) -> str:
    if not kept.epoch:
        return "before the first epoch was over; nothing is kept."
    return (
        f"after epoch {kept.epoch} of {data.config.training.epochs}, which is kept. "
        f"{_how_to_resume(data, folder)}"
    )


def _how_to_resume(data: PreparedData, folder: Path) -> str:
    if data.in_memory:
        return (
            "Resume with the same rows and settings: "
            f"fit_table(..., folder={str(folder)!r}, resume=True)"
        )
    place = shlex.quote(str(folder))
    if data.config.output.overwrite:
        place += " --overwrite"
    return f"Resume with: python -m keras_mtl.fit --out {place} --resume"
