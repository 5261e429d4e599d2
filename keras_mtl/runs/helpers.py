"""The processes that work beside a run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from keras_mtl._core.side_process import SideProcess
from keras_mtl.serving.session import session_process

__all__ = ["RunHelpers", "begin_helpers"]


@dataclass(frozen=True)
class RunHelpers:
    """Processes that have imported what they need by the time it is needed.

    Attributes:
        painter: Draws the run's plots.
        checker: Loads the SavedModel that was written, and answers with it.
    """

    painter: SideProcess
    checker: SideProcess


@contextlib.contextmanager
def begin_helpers() -> Iterator[RunHelpers]:
    """Begins the processes, and ends them on leaving the context."""
    with (
        session_process() as checker,
        SideProcess(imports=["keras_mtl.report.plots", "sklearn.metrics"]) as painter,
    ):
        yield RunHelpers(painter, checker)
