"""The report of a search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from keras_mtl.report.document import (
    Alert,
    Block,
    Figure,
    KeyValues,
    Paragraph,
    Report,
    Section,
    Source,
    Table,
)
from keras_mtl.report.figures import COLORS, Drawing
from keras_mtl.report.page_figures import PageFigures, axes_drawing
from tuning.nested import NestedEstimate
from tuning.objective import Objective
from tuning.search_settings import SearchSettings
from tuning.setting_importance import setting_importance
from tuning.trials import (
    Trial,
    best_trial,
    optimism,
    pareto_front,
    settings_row,
    trials_table,
)

__all__ = ["search_report"]

# The table of the report has at most this many trials; the file has all.
TRIALS_SHOWN = 20
# With fewer trials, the report has no importance of settings.
TRIALS_FOR_IMPORTANCE = 8
WIDE = (10.0, 4.2)


def search_report(
    name: str,
    trials: Sequence[Trial],
    objectives: Sequence[Objective],
    settings: SearchSettings,
    config: str,
    nested: NestedEstimate | None = None,
) -> Report:
    """Build the report of a search.

    Args:
        name: The model's name.
        trials: All trials.
        objectives: The objectives that compared the trials.
        settings: The settings of the search.
        config: The text of `config.toml`.
        nested: The evaluation of the whole search; None without one.
    """
    figures = PageFigures()
    first = objectives[0]
    failed = [trial for trial in trials if not trial.completed]
    sections = [
        Section("Best trial", _best(trials, objectives, nested)),
        Section("Result over trials", [_course(trials, first, figures)]),
        *_trade_off(trials, objectives, figures),
        *_importance(trials, objectives, figures),
        *_parallel(trials, first, figures),
        Section("Trials", [_table(trials, objectives)]),
        *([Section("Failed trials", [_failed(failed)])] if failed else []),
        Section("Settings", [Source(config, "config.toml: the settings for a fit")]),
    ]
    return Report(
        f"Search of {name}",
        f"{len(trials)} trials by {settings.tuner} search, {settings.repeats} x "
        f"{settings.folds} folds of the training rows; the test rows were not used.",
        sections,
    )


def _best(
    trials: Sequence[Trial],
    objectives: Sequence[Objective],
    nested: NestedEstimate | None,
) -> list[Block]:
    first = objectives[0]
    best = best_trial(trials, first)
    if best is None:
        return [Paragraph("No trial could be trained.")]
    value = first.value(best.metrics)
    values: dict[str, Any] = {
        "trial": best.number,
        first.name: value,
        "standard deviation over the folds": best.spread(first),
        **{
            key: each
            for key, each in settings_row(best.config).items()
            if each is not None
        },
    }
    blocks: list[Block] = [KeyValues(values)]
    if nested is not None:
        blocks.append(
            Paragraph(
                f"Nested estimate: searches of as many trials on parts of the training "
                f"rows chose settings whose {first.name}, on rows that they had not "
                f"seen, is {nested.mean:.4f} (standard deviation {nested.spread:.4f} "
                f"over {len(nested.values)} outer folds)."
            )
        )
    flattered = optimism(trials, first)
    if flattered is not None:
        worse = value - flattered if first.direction == "max" else value + flattered
        blocks.append(
            Alert(
                "The best of many trials is partly luck",
                f"{first.name} of the best trial, {value:.4f}, was chosen as the "
                f"best of {len(trials)}. Expect about {worse:.4f} on other rows "
                "(the correction of Tibshirani and Tibshirani 2009). A fit of "
                "config.toml measures it on the test rows, which the search never saw.",
                "note",
                {"value": value, "optimism": flattered},
            )
        )
    return blocks


def _course(
    trials: Sequence[Trial], objective: Objective, figures: PageFigures
) -> Figure:
    known = _known(trials, [objective])
    numbers = [trial.number for trial in known]
    values = [objective.value(trial.metrics) for trial in known]
    best = np.maximum if objective.direction == "max" else np.minimum

    def draw(axes: Axes) -> None:
        spreads = [trial.spread(objective) for trial in known]
        axes.errorbar(
            numbers,
            values,
            yerr=np.nan_to_num(spreads),
            fmt="o",
            markersize=3,
            linewidth=0.6,
            color=COLORS[0],
            label="trial, with the standard deviation over its folds",
        )
        axes.step(
            numbers,
            best.accumulate(values),
            where="post",
            color=COLORS[1],
            label="best",
        )
        axes.set_xlabel("trial")
        axes.set_ylabel(objective.name)
        axes.legend()

    caption = f"{objective.name} of each trial, and of the best so far"
    return figures.draw(
        axes_drawing(draw, caption), {"trial": numbers, "value": values}
    )


def _trade_off(
    trials: Sequence[Trial], objectives: Sequence[Objective], figures: PageFigures
) -> list[Section]:
    if len(objectives) < 2:
        return []
    front = pareto_front(trials, objectives)
    blocks: list[Block] = [
        Paragraph(
            "No other trial beats these trials in all objectives. Which of "
            "them is best depends on what matters to you: write its settings to "
            "config.toml with python -m tuning --resume DIR --choose TRIAL."
        ),
        Table(
            "Pareto front",
            ("trial", *(each.name for each in objectives)),
            [
                (str(t.number), *(each.value(t.metrics) for each in objectives))
                for t in front
            ],
        ),
    ]
    known = _known(trials, objectives)
    numbers = {trial.number for trial in front}
    for other in objectives[1:]:
        x = [objectives[0].value(trial.metrics) for trial in known]
        y = [other.value(trial.metrics) for trial in known]

        def draw(
            axes: Axes, x: list[float] = x, y: list[float] = y, other: Objective = other
        ) -> None:
            colors = [COLORS[1 if t.number in numbers else 0] for t in known]
            axes.scatter(x, y, c=colors, s=14)
            for trial, across, up in zip(known, x, y, strict=True):
                if trial.number in numbers:
                    axes.annotate(str(trial.number), (across, up))
            axes.set_xlabel(f"{objectives[0].name} ({objectives[0].direction})")
            axes.set_ylabel(f"{other.name} ({other.direction})")

        caption = (
            f"{other.name} over {objectives[0].name}; the trials of the Pareto front "
            "have their numbers"
        )
        blocks.append(figures.draw(axes_drawing(draw, caption), {"x": x, "y": y}))
    return [Section("Trade-off between the objectives", blocks)]


def _importance(
    trials: Sequence[Trial], objectives: Sequence[Objective], figures: PageFigures
) -> list[Section]:
    if len(_known(trials, objectives)) < TRIALS_FOR_IMPORTANCE:
        return []
    blocks: list[Block] = [
        Paragraph(
            "The share of the differences between trials that each setting explains by "
            "itself (epsilon squared, over the setting's values or the quartiles of a "
            "number). A setting that only matters beside another is underestimated."
        )
    ]
    for objective in objectives:
        shares = setting_importance(trials, objective)
        if not shares:
            continue

        def draw(axes: Axes, shares: dict[str, float] = shares) -> None:
            names = [*shares][::-1]
            axes.barh(names, [shares[name] for name in names], color=COLORS[0])
            axes.set_xlim(0, 1)
            axes.set_xlabel("share of the variance between trials")

        caption = f"Importance of each setting for {objective.name}"
        blocks.append(figures.draw(axes_drawing(draw, caption), shares))
    return [Section("Importance of the settings", blocks)] if len(blocks) > 1 else []


def _parallel(
    trials: Sequence[Trial], objective: Objective, figures: PageFigures
) -> list[Section]:
    known = _known(trials, [objective])
    table = pd.DataFrame([settings_row(trial.config) for trial in known])
    if len(known) < 2:
        return []
    table = table.loc[:, table.nunique(dropna=False) > 1]
    costs = np.array([objective.cost(trial.metrics) for trial in known])
    if not len(table.columns):
        return []
    axes_values = {str(name): _positions(table[name]) for name in table}
    axes_values[objective.name] = _scale(
        np.array([objective.value(trial.metrics) for trial in known])
    )
    # The best third is highlighted.
    good = costs <= np.quantile(costs, 1 / 3)

    def draw(figure: Any) -> None:
        axes = figure.add_subplot()
        places = range(len(axes_values))
        lines = np.stack([*axes_values.values()], axis=1)
        for line, best in sorted(
            zip(lines, good, strict=True), key=lambda each: each[1]
        ):
            axes.plot(
                places,
                line,
                color=COLORS[1 if best else 0],
                alpha=0.8 if best else 0.25,
                linewidth=1.2 if best else 0.7,
            )
        axes.set_xticks([*places], [*axes_values], rotation=30, ha="right")
        axes.set_yticks([0, 1], ["least", "greatest"])

    caption = (
        f"Each trial as a line through its settings to {objective.name}; the best "
        "third is orange. Numbers are spread by their ranks"
    )
    return [Section("All settings", [figures.draw(Drawing(WIDE, draw, caption))])]


def _positions(column: pd.Series) -> np.ndarray:
    """Return positions between 0 and 1: ranks for numbers, indices for classes."""
    if pd.api.types.is_numeric_dtype(column):
        return _scale(column.rank(method="dense", na_option="top").to_numpy())
    words = sorted({str(value) for value in column}, key=_natural)
    return _scale(np.array([float(words.index(str(value))) for value in column]))


def _natural(text: str) -> list[tuple[bool, float, str]]:
    # "8,16" before "16,8".
    parts = text.split(",")
    return [
        (True, float(part), "") if part.isdecimal() else (False, 0.0, part)
        for part in parts
    ]


def _scale(values: np.ndarray) -> np.ndarray:
    low, high = values.min(), values.max()
    scaled: np.ndarray = (
        (values - low) / (high - low) if high > low else values * 0 + 0.5
    )
    return scaled


def _table(trials: Sequence[Trial], objectives: Sequence[Objective]) -> Table:
    table = trials_table(trials, objectives)
    ranked = table.sort_values("rank", na_position="last").head(TRIALS_SHOWN)
    settings = [*settings_row(trials[0].config)]
    differing = [
        name for name in settings if name in table and table[name].nunique() > 1
    ]
    columns = [
        "trial",
        "rank",
        *(["pareto"] if "pareto" in table else []),
        *(each.name for each in objectives if each.name in table),
        "objective_spread",
        *differing,
        "epochs",
    ]
    rows = [
        [_cell(row[name]) for name in columns] for _, row in ranked[columns].iterrows()
    ]
    words = "all trials" if len(table) <= TRIALS_SHOWN else f"the best {TRIALS_SHOWN}"
    return Table(f"{words.capitalize()}; trials.csv has all columns", columns, rows)


def _cell(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _failed(trials: Sequence[Trial]) -> Table:
    rows = [(str(trial.number), trial.message) for trial in trials]
    return Table("Trials that failed, with their reasons", ("trial", "reason"), rows)


def _known(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    return [
        trial
        for trial in trials
        if trial.completed
        and all(math.isfinite(each.value(trial.metrics)) for each in objectives)
    ]
