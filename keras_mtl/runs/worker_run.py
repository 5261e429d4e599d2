"""Run of a worker that is not the chief: it trains and writes no files."""

from __future__ import annotations

import warnings

from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.configuration.validate import build_config
from keras_mtl.configuration.workers import Workers
from keras_mtl.errors import DataWarning, UserError
from keras_mtl.runs.checkpoint import unpack_checkpoint
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.resume import data_digests, plain
from keras_mtl.runs.terminal import Terminal

__all__ = ["worker_run"]


def worker_run(config: FitConfig | None, workers: Workers) -> None:
    """Train with the other workers until the chief has written the run.

    Args:
        config: The run's settings; None uses the settings of the interrupted run that
            the chief resumes.
        workers: The workers of TF_CONFIG.

    Raises:
        UserError: If the settings or the data differ from those of the chief.
        RunStoppedError: If another worker is lost.
    """
    # Errors in the data are reported before waiting for the others.
    data = None if config is None else _prepare(config)
    with Terminal(quiet=True).loading() as screen:
        from keras_mtl.runs.cluster import (
            join_workers,
            notice_loss,
            require_agreement,
        )
        from keras_mtl.runs.train import train_run

        replicas = join_workers(workers, screen)
    with notice_loss(workers):
        content = replicas.broadcast(b"")
        resume = unpack_checkpoint(content, "the chief") if content else None
        if data is None:
            if resume is None:
                raise UserError(
                    f"{workers.describe(workers.index)}: expected a chief that goes on "
                    "with an interrupted run, as --resume says here. Start all workers "
                    "with the same command."
                )
            data = _prepare(build_config(resume.settings))
        settings = plain(repeatable_values(data.config))
        require_agreement(replicas, workers, settings, data_digests(data))
        train_run(
            data,
            resume_from=None if resume is None else resume.progress,
            replicas=replicas,
            release_rows=True,
        )
        replicas.wait_for_all()


def _prepare(config: FitConfig) -> PreparedData:
    with warnings.catch_warnings():
        # The chief sends them.
        warnings.simplefilter("ignore", DataWarning)
        return prepare_data(config)
