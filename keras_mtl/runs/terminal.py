"""Progress of a run on the terminal."""

from __future__ import annotations

import atexit
import contextlib
import gc
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from keras_mtl._core.display import TolerantStream, printable
from keras_mtl._core.spelling import spelled
from keras_mtl.configuration.workers import Workers
from keras_mtl.errors import DataWarning
from keras_mtl.report.tables import data_table, metrics_tables
from keras_mtl.runs.calibration_sentences import calibration_sentences
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.tasks import Task

__all__ = ["Terminal"]

# Without a progress bar, losses are printed after each multiple of this many epochs.
EPOCHS_A_LINE = 10

OnEpoch = Callable[[int, dict[str, float]], None]


class Terminal:
    """Terminal output of a run; plain lines if the output is not a terminal.

    Args:
        quiet: Whether only warnings are printed.
    """

    def __init__(self, quiet: bool = False) -> None:
        # A pipe has no width; the tables should not be cut there.
        width = None if sys.stdout.isatty() else 120
        # Messages contain names and categories of the user: markup and emoji codes are
        # off, and characters that cannot be shown do not end a run.
        as_it_is: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
        self.console = Console(
            file=cast(TextIO, TolerantStream(sys.stdout)),
            quiet=quiet,
            width=width,
            **as_it_is,
        )
        self.errors = Console(
            file=cast(TextIO, TolerantStream(sys.stderr)), soft_wrap=True, **as_it_is
        )

    @contextlib.contextmanager
    def warnings(self) -> Iterator[None]:
        """Show each distinct warning about the data as one line."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            yield
        messages = {
            str(warning.message): None
            for warning in caught
            if issubclass(warning.category, DataWarning)
        }
        for message in messages:
            self.errors.print(f"warning: {printable(message)}")
        for warning in caught:
            if not issubclass(warning.category, DataWarning):
                warnings.warn_explicit(
                    warning.message, warning.category, warning.filename, warning.lineno
                )

    @contextlib.contextmanager
    def loading(self) -> Iterator[int]:
        """Hide TensorFlow's start-up messages, unless loading fails.

        The context yields the file descriptor of the screen.

        TensorFlow's C++ code writes the messages to the standard error before its
        settings take effect.
        """
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        # The Python code logs how it maps an operation, which does not help a user.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        self.console.print("Loading TensorFlow ...")
        sys.stderr.flush()
        kept = os.dup(2)
        with tempfile.TemporaryFile() as said, _without_garbage_collection():
            os.dup2(said.fileno(), 2)
            try:
                yield kept
            except BaseException:
                said.seek(0)
                os.write(kept, said.read())
                raise
            finally:
                sys.stderr.flush()
                os.dup2(kept, 2)
                os.close(kept)

    def show_data(self, data: PreparedData, split: str | None = None) -> None:
        """Print the tasks, the features and the split.

        Args:
            data: The rows.
            split: A description of the split, if it is not one into training and
                held-out rows.
        """
        self.console.print(data_table(data.tasks, data.features))
        left = _learned_columns(data.tasks, data.config.data.computed)
        if left:
            names = ", ".join(map(printable, left))
            self.console.print(
                f"Not inputs, as auxiliary tasks learn to predict them: {names}",
                soft_wrap=True,
            )
        if split is None:
            split = (
                f"{len(data.train_rows)} training rows, {len(data.test_rows)} held out"
            )
        self.console.print(f"{printable(data.source)}: {split}")
        if data.chosen:
            self.console.print(data.chosen, soft_wrap=True)

    def show_line(self, text: str) -> None:
        """Show a sentence."""
        self.console.print(printable(spelled(text)), soft_wrap=True)

    def show_waiting(self, workers: Workers) -> None:
        """Print that the run waits for other processes."""
        names = ", ".join(workers.addresses[1:])
        self.console.print(f"Waiting for the other workers: {names}", soft_wrap=True)

    def show_resumed(self, epoch: int, epochs: int) -> None:
        """Print the epoch after which a run is resumed."""
        self.console.print(f"Resuming after epoch {epoch} of {epochs}")

    def show_given_up(self, folder: Path) -> None:
        """Report that an interrupted run is lost."""
        text = (
            f"{folder}: an interrupted run, which --resume could continue, is "
            "discarded, as this fit starts from the beginning."
        )
        self.errors.print(f"warning: {spelled(text)}")

    @contextlib.contextmanager
    def progress(self, epochs: int, done: int = 0) -> Iterator[OnEpoch]:
        """Show progress, and yield the function to call after each epoch.

        Args:
            epochs: The number of epochs of the run.
            done: The number of epochs before the run was resumed.
        """
        if not self.console.is_terminal or self.console.quiet:
            yield self._print_epoch
            return
        columns = (
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(bar_width=24),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
        )
        with Progress(*columns, console=self.console) as bar:
            row = bar.add_task("", total=epochs, completed=done)

            def on_epoch(epoch: int, means: dict[str, float]) -> None:
                bar.update(row, completed=epoch, description=_losses(means))
                if epoch % EPOCHS_A_LINE == 0:
                    self._print_epoch(epoch, means)

            yield on_epoch

    def _print_epoch(self, epoch: int, means: dict[str, float]) -> None:
        if epoch % EPOCHS_A_LINE == 0:
            self.console.print(f"epoch {epoch}: {_losses(means)}")

    def show_result(self, metrics: dict[str, Any], folder: Path) -> None:
        """Show the held-out results and the path of the run."""
        rows = metrics["rows"]["test"]
        title = f"Results on {rows} held-out rows"
        for table in metrics_tables(metrics["test"], title, self.console.width):
            self.console.print(table)
        for sentence in calibration_sentences(metrics.get("calibration", {})):
            self.console.print(printable(spelled(sentence)), soft_wrap=True)
        if "auxiliary" in metrics:
            names = ", ".join(map(printable, metrics["auxiliary"]))
            self.console.print(f"Auxiliary, not predicted: {names}", soft_wrap=True)
        for sentence in [*metrics["idle_units"], *metrics["sharing"]]:
            self.console.print(f"note: {printable(spelled(sentence))}", soft_wrap=True)
        self.console.print(f"Written: {printable(folder)}", soft_wrap=True)


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Import with garbage collection off, and exclude the imported objects from it.

    TensorFlow and Keras create half a million objects that live as long as the process.
    Repeated garbage collection of them takes a third of the time of their import, and a
    second when the process ends.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # Only once: in a process of many runs, objects of past runs are garbage.
        if not gc.get_freeze_count():
            gc.freeze()
            atexit.register(gc.freeze)
        if enabled:
            gc.enable()


def _learned_columns(tasks: Sequence[Task], computed: Collection[str]) -> list[str]:
    """Return the label columns that only auxiliary tasks need."""
    main = {each for task in tasks if not task.auxiliary for each in task.label_columns}
    columns = [
        column for task in tasks if task.auxiliary for column in task.label_columns
    ]
    return [
        column
        for column in dict.fromkeys(columns)
        if column not in computed and column not in main
    ]


def _losses(means: dict[str, float]) -> str:
    return "  ".join(
        f"{name} {value:.4f}" for name, value in means.items() if name.endswith("loss")
    )
