"""The processes that work beside a run."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_mtl._core.side_process import SideProcess, SideProcessError
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


@contextlib.contextmanager
def draw_beside(painter: SideProcess, folder: Path, *plots: Any) -> Iterator[None]:
    """Draws a run's plots in another process while the context lasts.

    Args:
        painter: The process.
        folder: Where to; it is made.
        *plots: The other arguments of `write_plots`.
    """
    drawing = False
    with contextlib.suppress(SideProcessError):
        painter.submit("keras_mtl.report.plots:write_plots", folder, *plots)
        drawing = True
    yield
    if drawing:
        with contextlib.suppress(SideProcessError):
            painter.result()
            return
    # A task of a class that only this process knows; or a fault, which shows here.
    from keras_mtl.report import write_plots

    shutil.rmtree(folder, ignore_errors=True)
    write_plots(folder, *plots)
