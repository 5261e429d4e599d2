"""The processes that work beside a run."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_mtl._core.side_process import SideProcess, SideProcessError
from keras_mtl.serving.session import session_process

if TYPE_CHECKING:
    from keras_mtl.report.fit_facts import FitFacts

__all__ = ["RunHelpers", "begin_helpers", "draw_beside"]

# Slow imports of the drawing process.
PAINTER_IMPORTS = (
    "keras_mtl.report.fit_page",
    "matplotlib.backends.backend_agg",
    "sklearn.calibration",
    "sklearn.metrics",
    "sklearn.tree",
)


@dataclass(frozen=True)
class RunHelpers:
    """Processes that import their packages before they are needed.

    Attributes:
        painter: The process that draws the run's plots and writes its report.
        checker: The process that loads the written SavedModel and predicts with it.
    """

    painter: SideProcess
    checker: SideProcess


@contextlib.contextmanager
def begin_helpers() -> Iterator[RunHelpers]:
    """Start the processes, and end them on leaving the context."""
    with (
        session_process() as checker,
        SideProcess(imports=PAINTER_IMPORTS) as painter,
    ):
        yield RunHelpers(painter, checker)


@contextlib.contextmanager
def draw_beside(
    painter: SideProcess, folder: Path, *plots: Any, report: FitFacts | None = None
) -> Iterator[None]:
    """Draw a run's plots in another process while the context lasts.

    Args:
        painter: The process.
        folder: The folder of the plots, which is created.
        *plots: The other arguments of `write_plots`.
        report: The content of the report, which is written beside the folder; None for
            no report.
    """
    drawing = False
    with contextlib.suppress(SideProcessError):
        painter.submit("keras_mtl.runs.side_processes:draw", folder, plots, report)
        drawing = True
    yield
    if drawing:
        with contextlib.suppress(SideProcessError):
            painter.result()
            return
    # The task's class may be known only to this process. Another fault repeats here.
    shutil.rmtree(folder, ignore_errors=True)
    draw(folder, plots, report)


def draw(folder: Path, plots: Sequence[Any], report: FitFacts | None) -> None:
    """Draw a run's plots and write its report; see `draw_beside`."""
    from keras_mtl.report import plots as run_plots
    from keras_mtl.report.figures import write_figure
    from keras_mtl.report.fit_page import fit_report
    from keras_mtl.report.page import write_report
    from keras_mtl.report.solution_drawings import solution_drawings

    run_plots.write_plots(folder, *plots)
    if report is not None:
        for name, each in solution_drawings(report.solution).items():
            write_figure(folder / f"{name}.png", each.size, each.draw)
        write_report(folder.parent, fit_report(report))
