"""Trials as runs of TensorBoard's HParams plugin."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_mtl._core.whole_folders import folder_beside
from tuning.objective import Objective
from tuning.trials import Trial, settings_row

__all__ = ["TENSORBOARD", "write_hparams_run"]

# The name of the log folder in the search folder.
TENSORBOARD = "tensorboard"


def write_hparams_run(
    folder: Path, trial: Trial, objectives: Sequence[Objective]
) -> Path:
    """Write a trial for `tensorboard --logdir FOLDER/tensorboard`.

    The run has the settings as hyperparameters. Its scalars are all metrics, each
    objective, and the standard deviation of the first objective over the folds. A
    failed trial has the status `failure` and no scalar. An existing run is not changed.

    Args:
        folder: The search folder.
        trial: A trial that has ended.
        objectives: The objectives that compare trials.

    Returns:
        The folder of the run.
    """
    place = folder / TENSORBOARD / f"{trial.number:05d}"
    if place.exists():
        return place
    place.parent.mkdir(exist_ok=True)
    # Written beside the log folder, since TensorBoard reads everything in that folder.
    with folder_beside(folder / f"{TENSORBOARD}-{place.name}") as partial:
        _write_events(partial, trial, objectives)
        # Another process of the search may have written it first.
        with contextlib.suppress(OSError):
            os.rename(partial, place)
    return place


def _write_events(folder: Path, trial: Trial, objectives: Sequence[Objective]) -> None:
    # These imports load TensorFlow.
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api_pb2
    from tensorboard.plugins.hparams.summary import session_end_pb
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    now = time.time()
    status = "STATUS_SUCCESS" if trial.completed else "STATUS_FAILURE"
    end = session_end_pb(api_pb2.Status.Value(status), now)
    summaries = [
        hparams_pb(_hyperparameters(trial), str(trial.number), now - trial.seconds),
        *(scalar_pb(name, value) for name, value in _scalars(trial, objectives)),
        # An object of TensorFlow's own class, which differs only by name.
        Summary.FromString(end.SerializeToString()),
    ]
    writer = EventFileWriter(str(folder))
    for summary in summaries:
        writer.add_event(Event(wall_time=now, step=0, summary=summary))
    writer.close()


def _hyperparameters(trial: Trial) -> dict[str, bool | int | float | str]:
    """Return the settings that matter for a trial, in the plugin's types."""
    return {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in settings_row(trial.config).items()
        if value is not None
    }


def _scalars(trial: Trial, objectives: Sequence[Objective]) -> list[tuple[str, float]]:
    metrics = trial.metrics
    values: dict[str, Any] = {
        **metrics,
        **{each.name: each.value(metrics) for each in objectives},
        "objective_spread": trial.spread(objectives[0]),
    }
    return [(name, each) for name, each in values.items() if math.isfinite(each)]
