"""Comparing models on the rows of a DataFrame."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Unpack

from pydantic import ValidationError

from keras_mtl._core.messages import validation_messages
from keras_mtl._core.spelling import in_spelling
from keras_mtl.comparison.comparison import Comparison
from keras_mtl.comparison.settings import ComparisonSettings
from keras_mtl.configuration.command_line import Flag
from keras_mtl.configuration.script_spelling import script_spelling
from keras_mtl.dataframes._arguments import require_list, require_path
from keras_mtl.dataframes.keywords import FitKeywords, TomlFile, table_config
from keras_mtl.errors import UserError, gather
from keras_mtl.runs.memory_tables import MemoryTables
from keras_mtl.runs.prepare import prepare_data

__all__ = ["evaluate_table"]

# The form of the flags of the command that are arguments here, by argument.
COMPARISON_FLAGS: dict[str, Literal["value", "list", "repeat"]] = {
    "folds": "value",
    "repeats": "value",
    "members": "value",
    "compare": "repeat",
    "equivalence": "value",
    "by": "repeat",
    "label_shares": "list",
}


@in_spelling(
    script_spelling(
        {"data.path": "table", "config": "config", "output.folder": "folder"},
        tuple(
            Flag(f"--{name.replace('_', '-')}", name, "", form)
            for name, form in COMPARISON_FLAGS.items()
        ),
    )
)
def evaluate_table(
    table: Any,
    *,
    folds: int = 5,
    repeats: int = 4,
    members: int = 4,
    compare: Sequence[str] = (),
    equivalence: float | None = None,
    by: Sequence[str] = (),
    label_shares: Sequence[float] = (),
    config: TomlFile | None = None,
    folder: str | Path | None = None,
    verbose: bool = False,
    **settings: Unpack[FitKeywords],
) -> Comparison:
    """Compare a multi-task network with single-task networks and other models.

    This is `python -m keras_mtl.evaluate` as a function, with the same defaults. All
    fits run in this process, as other processes cannot read the rows.

    Args:
        table: The rows with their labels, a pandas or Polars DataFrame or a PyArrow
            Table.
        folds: See `ComparisonSettings`.
        repeats: See `ComparisonSettings`.
        members: See `ComparisonSettings`.
        compare: See `ComparisonSettings`.
        equivalence: See `ComparisonSettings`.
        by: See `ComparisonSettings`.
        label_shares: See `ComparisonSettings`.
        config: A TOML file of settings, as with `--config`.
        folder: The folder that keeps all fits and the report, as with `--out`; by
            default nothing is written.
        verbose: Whether progress and tables are printed.
        **settings: The keys of a TOML file; see `FitKeywords`.

    Returns:
        The `Comparison`, whose tables are pandas DataFrames.

    Raises:
        UserError: With all errors of the settings or of the rows at once.
    """
    errors: list[str] = []
    made = None
    lists: dict[str, tuple[Any, ...]] = {}
    for name, values, example in (
        ("compare", compare, '["mmoe"]'),
        ("by", by, '["sex", "age:40,60"]'),
        ("label_shares", label_shares, "[0.1, 1.0]"),
    ):
        with gather(errors):
            lists[name] = require_list(name, values, example)
    with gather(errors):
        folder = require_path("folder", folder, "a folder", "Pass its name.")
    with gather(errors):
        made = table_config(config, settings, has_test_table=False)
        if made.transfer.run is not None:
            errors.append(
                "transfer.run: an evaluation trains from the beginning, as a trunk may "
                "have seen the rows of its folds. Leave it out; fit_table takes it."
            )
    try:
        chosen = ComparisonSettings(
            folds=folds,
            repeats=repeats,
            members=members,
            compare=lists.get("compare", ()),
            equivalence=equivalence,
            by=lists.get("by", ()),
            label_shares=lists.get("label_shares", ()),
        )
    except ValidationError as error:
        errors += validation_messages(error, ComparisonSettings)
    if errors or made is None:
        raise UserError(*errors)
    data = prepare_data(made, tables=MemoryTables(table))
    # Drawing and scikit-learn take a while to import.
    from keras_mtl.comparison.evaluate_run import evaluate_run

    quiet = not verbose
    if folder is not None:
        return evaluate_run(made, chosen, Path(folder), quiet=quiet, data=data)
    with tempfile.TemporaryDirectory() as kept:
        return evaluate_run(made, chosen, Path(kept), quiet=quiet, data=data)
