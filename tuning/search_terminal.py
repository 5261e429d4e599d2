"""Terminal output of a search."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from keras_mtl.runs.terminal import Terminal
from tuning.objective import Objective
from tuning.search_settings import SearchSettings
from tuning.trials import Trial, best_trial, settings_row

if TYPE_CHECKING:
    # This import loads TensorFlow.
    from tuning.nested import NestedEstimate

__all__ = ["SearchTerminal"]


class SearchTerminal(Terminal):
    """Terminal output about trials; see `Terminal`."""

    def show_search(
        self,
        rows: int,
        settings: SearchSettings,
        objectives: Sequence[Objective],
        finished: int,
    ) -> None:
        """Show the plan of the search."""
        words = " and ".join(f"{each.name} ({each.direction})" for each in objectives)
        repeats = f" {settings.repeats} times" if settings.repeats > 1 else ""
        self._print(
            f"Searching ({settings.tuner}): each trial is measured by {words} in "
            f"{settings.folds} folds of {rows} training rows{repeats}"
        )
        if finished:
            self._print(f"{finished} trials are there already")

    @contextlib.contextmanager
    def trials(
        self, total: int, objective: Objective, finished: Sequence[Trial] = ()
    ) -> Iterator[Callable[[Trial], None]]:
        """Show progress, and yield the function to call after each trial."""
        ended = [*finished]

        def print_trial(trial: Trial) -> None:
            ended.append(trial)
            best = best_trial(ended, objective)
            self.console.print(_line(trial, total, objective, best), markup=False)

        if not self.console.is_terminal or self.console.quiet:
            yield print_trial
            return
        columns = (
            TextColumn("trial"),
            MofNCompleteColumn(),
            BarColumn(bar_width=24),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as bar:
            row = bar.add_task("", total=total, completed=len(ended))

            def on_trial(trial: Trial) -> None:
                print_trial(trial)
                bar.update(row, completed=len(ended))

            yield on_trial

    @contextlib.contextmanager
    def outer_folds(
        self, total: int, objective: Objective
    ) -> Iterator[Callable[[int, float], None]]:
        """Show progress, and yield the function to call after each outer fold."""
        self._print(f"Nested estimate: the search is repeated in {total} outer folds")

        def on_fold(number: int, value: float) -> None:
            self._print(f"outer fold {number} of {total}: {objective.name} {value:.4f}")

        yield on_fold

    def show_nested(self, estimate: NestedEstimate, objective: Objective) -> None:
        """Show the objective of a search on rows that it did not see."""
        self._print(
            f"Nested estimate of {objective.name}: {estimate.mean:.4f}, standard "
            f"deviation {estimate.spread:.4f} over {len(estimate.values)} outer folds"
        )

    def show_best(
        self,
        best: Trial,
        objective: Objective,
        folder: Path,
        flattered: float | None,
        front: Sequence[Trial],
        objectives: Sequence[Objective],
        fit: bool,
    ) -> None:
        """Show the best trial's settings, and how to fit them."""
        if front:
            self._print("Pareto front, the trials that no other trial beats:")
            for trial in front:
                values = ", ".join(
                    f"{each.name} {each.value(trial.metrics):.4f}"
                    for each in objectives
                )
                self._print(f"  trial {trial.number}: {values}")
            self._print(
                f"config.toml has trial {best.number}, the best by {objective.name}. "
                f"Choose another: python -m tuning --resume {folder} --choose TRIAL"
            )
        value = objective.value(best.metrics)
        self._print(
            f"Best: trial {best.number}, {objective.name} {value:.4f} (standard "
            f"deviation over the folds {best.spread(objective):.4f})"
        )
        if flattered is not None:
            self._print(
                f"  The best of many is partly luck: expect a value about "
                f"{flattered:.4f} worse on other rows"
            )
        for name, value in settings_row(best.config).items():
            if value is not None:
                self._print(f"  {name} = {value}")
        self._print(f"Written: {folder}")
        if fit:
            self._print("Fitting them:")
            return
        self._print(
            f"Fit them: python -m keras_mtl.fit --config {folder / 'config.toml'}"
        )

    def show_chosen(self, number: int, path: Path) -> None:
        """Show the path of a chosen trial's settings."""
        self._print(f"Written: {path}, the settings of trial {number}")
        self._print(f"Fit them: python -m keras_mtl.fit --config {path}")

    def show_joined(self, folder: Path) -> None:
        """Show that another process ended the search."""
        self._print(f"The search is whole, another process has ended it: {folder}")

    def show_stopped(self, folder: Path, finished: int) -> None:
        """Show how to resume an interrupted search."""
        self._print(
            f"Stopped: {finished} trials are kept. Resume: python -m tuning --resume "
            f"{folder}"
        )

    def _print(self, text: str) -> None:
        self.console.print(text, soft_wrap=True, markup=False)


def _line(trial: Trial, total: int, objective: Objective, best: Trial | None) -> str:
    start = f"trial {trial.number} of {total}: "
    if not trial.completed or best is None:
        return f"{start}failed: {trial.message}"
    return (
        f"{start}{objective.name} {objective.value(trial.metrics):.4f} "
        f"+- {trial.spread(objective):.4f}  "
        f"(best {objective.value(best.metrics):.4f}, trial {best.number})"
    )
