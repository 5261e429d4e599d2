"""What a search shows while it goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from keras_mtl.runs.terminal import Terminal
from tuning.objective import Objective
from tuning.trials import Trial, best_trial, settings_row

__all__ = ["SearchTerminal"]


class SearchTerminal(Terminal):
    """Tells a person of the trials; see `Terminal`."""

    @contextlib.contextmanager
    def trials(
        self, total: int, objective: Objective
    ) -> Iterator[Callable[[Trial], None]]:
        """Gives the function to call after each trial."""
        ended: list[Trial] = []

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
            row = bar.add_task("", total=total)

            def on_trial(trial: Trial) -> None:
                print_trial(trial)
                bar.update(row, completed=trial.number)

            yield on_trial

    def show_best(self, best: Trial, objective: Objective, folder: Path) -> None:
        """Shows the best trial's settings, and how to fit them."""
        self.console.print(
            f"Best: trial {best.number}, {objective.name} "
            f"{best.metrics[objective.name]:.4f}"
        )
        for name, value in settings_row(best.config).items():
            self.console.print(f"  {name} = {value}", markup=False)
        self.console.print(f"Written: {folder}", soft_wrap=True, markup=False)
        self.console.print(
            f"Fit them: python -m keras_mtl.fit --config {folder / 'config.toml'}",
            soft_wrap=True,
            markup=False,
        )


def _line(trial: Trial, total: int, objective: Objective, best: Trial | None) -> str:
    start = f"trial {trial.number} of {total}: "
    if not trial.completed or best is None:
        return f"{start}failed: {trial.message}"
    return (
        f"{start}{objective.name} {trial.metrics[objective.name]:.4f} at epoch "
        f"{trial.epochs}  (best {best.metrics[objective.name]:.4f}, "
        f"trial {best.number})"
    )
