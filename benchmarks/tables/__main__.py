"""Run the benchmark of tables: python -m benchmarks.tables."""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table as TerminalTable

from benchmarks.tables.calibration import (
    CalibrationStore,
    PooledCalibration,
    mean_calibration,
    pool,
)
from benchmarks.tables.catalogue import TABLES
from benchmarks.tables.declaration import FOLDS, Table
from benchmarks.tables.folds import fold_of_rows
from benchmarks.tables.markdown import markdown_table
from benchmarks.tables.opponents import (
    OPPONENTS,
    fit_opponent,
    opponent_version,
    require_opponent,
)
from benchmarks.tables.ours import OURS, fit_ours
from benchmarks.tables.ranks import against_best, summary
from benchmarks.tables.scores import score
from benchmarks.tables.sources import load_table
from benchmarks.tables.store import Result, ResultStore
from keras_mtl.errors import UserError
from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask, Task

__all__ = ["main", "run_table"]

RESULTS = Path(__file__).with_name("results.csv")
CALIBRATION = Path(__file__).with_name("calibration.csv")
KINDS = {
    "binary": BinaryTask,
    "multiclass": MulticlassTask,
    "regression": RegressionTask,
}


def main(argv: list[str] | None = None) -> int:
    """Run the missing fits, print the results, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables")
    parser.add_argument("--tables", help="these tables, parted by commas")
    parser.add_argument("--methods", default=",".join([OURS, *OPPONENTS]))
    parser.add_argument(
        "--split", choices=["development", "held_out"], default="development"
    )
    parser.add_argument("--store", type=Path, default=RESULTS)
    parser.add_argument(
        "--calibration-store",
        type=Path,
        default=CALIBRATION,
        help="calibration errors of all folds together, of methods that fit all folds",
    )
    parser.add_argument("--again", action="store_true", help="fit what is there too")
    parser.add_argument("--show", action="store_true", help="print, and fit nothing")
    parser.add_argument("--markdown", action="store_true", help="print markdown")
    flags = parser.parse_args(argv)
    methods = flags.methods.split(",")
    try:
        tables = _chosen(flags.tables, flags.split, methods, flags.show)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    store = ResultStore(flags.store)
    calibrations = CalibrationStore(flags.calibration_store)
    failed = False
    if not flags.show:
        for method in methods:
            for table in tables:
                try:
                    for found in run_table(table, method, store, flags.again):
                        if isinstance(found, Result):
                            store.add(found)
                        else:
                            calibrations.add(found)
                except UserError as error:
                    # Continue with the others; the next run tries this fit again.
                    print(error, file=sys.stderr)
                    failed = True
    if flags.markdown:
        print(markdown_table(store.read(), tables, methods), end="")
    else:
        _show(store.read(), calibrations.read(), tables, methods)
    return 1 if failed else 0


def _chosen(
    names: str | None, split: str, methods: Sequence[str], show: bool
) -> list[Table]:
    errors = []
    tables = [table for table in TABLES if table.split == split]
    if names is not None:
        known = {table.name: table for table in tables}
        for name in names.split(","):
            if name not in known:
                errors.append(
                    f"--tables: expected tables of {', '.join(known)} (--split {split})"
                    f"; received {name!r}."
                )
        tables = [known[name] for name in names.split(",") if name in known]
    for method in methods:
        if method.partition(":")[0] == OURS:
            continue
        if method not in OPPONENTS:
            errors.append(
                f"--methods: expected methods of {', '.join([OURS, *OPPONENTS])} or "
                f"{OURS}:PRESET or {OURS}:FILE.toml; received {method!r}."
            )
        elif not show:
            errors += require_opponent(method)
    if errors:
        raise UserError(*errors)
    return tables


def run_table(
    table: Table, method: str, store: ResultStore, again: bool = False
) -> Iterator[Result | PooledCalibration]:
    """Fit a method on the folds of a table that the store lacks.

    Args:
        table: The table.
        method: A name of `OPPONENTS`; or `ours`, also with a preset.
        store: The results so far.
        again: Whether to repeat the fits that the store has.

    Yields:
        The results of each target and fold. After them, for each target with classes
        of which all folds were fitted, the calibration error over all folds.
    """
    lacking = [
        (fold, target)
        for fold in range(FOLDS)
        for target in table.targets
        if again or not store.has(table.name, fold, target.column, method)
    ]
    if not lacking:
        return
    frame = load_table(table)
    folds = fold_of_rows(table, frame.pop("_group").to_numpy())
    targets = [target.column for target in table.targets]
    features = frame.drop(columns=targets)
    tasks: dict[str, Task] = {
        target.column: KINDS[target.kind](target.column).resolve(frame, table.name)
        for target in table.targets
    }
    labels = {name: task.encode_labels(frame) for name, task in tasks.items()}
    joint: dict[int, tuple[dict[str, np.ndarray], float]] = {}
    fitted: dict[str, dict[int, tuple[np.ndarray, np.ndarray]]] = {}
    for fold, target in lacking:
        name, held_out = target.column, folds == fold
        if method.partition(":")[0] == OURS:
            if fold not in joint:
                joint[fold] = _fit_jointly(method, tasks, frame, held_out, fold)
            outputs, seconds = joint[fold][0][name], joint[fold][1]
            version = f"keras-mtl {importlib.metadata.version('keras-mtl')}"
        else:
            start = time.perf_counter()
            outputs = fit_opponent(
                method,
                tasks[name],
                features[~held_out],
                labels[name][~held_out],
                features[held_out],
                seed=fold,
            )
            seconds = time.perf_counter() - start
            version = opponent_version(method)
        fitted.setdefault(name, {})[fold] = labels[name][held_out], outputs
        yield Result(
            table=table.name,
            fold=fold,
            target=name,
            method=method,
            version=version,
            seconds=seconds,
            **score(tasks[name], labels[name][held_out], outputs),  # type: ignore[arg-type]
        )
    for name, folds_of_target in fitted.items():
        if tasks[name].class_names and len(folds_of_target) == FOLDS:
            yield pool(table.name, tasks[name], method, folds_of_target)


def _fit_jointly(
    method: str,
    tasks: dict[str, Task],
    frame: pd.DataFrame,
    held_out: np.ndarray,
    seed: int,
) -> tuple[dict[str, np.ndarray], float]:
    start = time.perf_counter()
    outputs = fit_ours(
        method, list(tasks.values()), frame[~held_out], frame[held_out], seed
    )
    return outputs, (time.perf_counter() - start) / len(tasks)


def _show(
    results: pd.DataFrame,
    calibrations: pd.DataFrame,
    tables: Sequence[Table],
    methods: Sequence[str],
) -> None:
    console = Console()
    names = [table.name for table in tables]
    calibrations = calibrations[
        calibrations["table"].isin(names) & calibrations["method"].isin(methods)
    ]
    results = results[results["table"].isin(names)]
    for table in tables:
        for target in table.targets:
            rows = results[
                (results["table"] == table.name) & (results["target"] == target.column)
            ]
            if rows.empty:
                continue
            best, differences = against_best(rows, table.name, target.column, methods)
            shown = TerminalTable(
                title=f"{table.name}, {target.column} ({target.kind}): mean of the "
                f"folds; R2 or log loss against {best or 'the best'}",
                title_justify="left",
            )
            for name in ("method", "folds", "log loss", "AUC", "R2", "calibration"):
                shown.add_column(name)
            shown.add_column("seconds")
            shown.add_column("95% interval")
            for method, part in rows.groupby("method"):
                means = part.mean(numeric_only=True)
                found = differences.get(str(method))
                shown.add_row(
                    str(method),
                    str(len(part)),
                    *[
                        "" if np.isnan(means[name]) else f"{means[name]:.3f}"
                        for name in ("log_loss", "auc", "r2", "calibration_error")
                    ],
                    f"{means['seconds']:.1f}",
                    "best"
                    if method == best
                    else f"{found.low:+.3f} to {found.high:+.3f}"
                    if found
                    else "",
                )
            console.print(shown)
    if len(calibrations):
        _show_calibration(console, calibrations, methods)
    if len(results):
        shown = TerminalTable(
            title=f"Over the targets that all have; better and worse is {methods[0]}",
            title_justify="left",
        )
        for name in ("method", "mean rank", "best", "better", "worse", "calibration"):
            shown.add_column(name)
        shown.add_column("all folds together")
        shown.add_column("of which chance")
        together = mean_calibration(calibrations, methods)
        for method, row in summary(results, methods).iterrows():
            shown.add_row(
                str(method),
                "" if np.isnan(row["rank"]) else f"{row['rank']:.2f}",
                *[f"{row[name]:.0f}" for name in ("best", "better", "worse")],
                "" if np.isnan(row["calibration"]) else f"{row['calibration']:.3f}",
                *[
                    "" if np.isnan(value) else f"{value:.3f}"
                    for value in together.loc[str(method), ["error", "chance"]]
                ],
            )
        console.print(shown)


def _show_calibration(
    console: Console, calibrations: pd.DataFrame, methods: Sequence[str]
) -> None:
    shown = TerminalTable(
        title="Calibration error of the rows of all folds together / the part that "
        "perfectly calibrated probabilities show by chance",
        title_justify="left",
    )
    for name in ("table", "target", *methods):
        shown.add_column(name)
    for key, part in calibrations.groupby(["table", "target"], sort=False):
        found = part.set_index("method")
        shown.add_row(
            *key,
            *[
                f"{found.loc[method, 'error']:.3f} / {found.loc[method, 'chance']:.3f}"
                if method in found.index
                else ""
                for method in methods
            ],
        )
    console.print(shown)


if __name__ == "__main__":
    sys.exit(main())
