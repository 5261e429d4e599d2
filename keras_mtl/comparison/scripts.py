"""The comparison in a script."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from keras_mtl._core.messages import validation_messages
from keras_mtl.comparison.comparison import Comparison
from keras_mtl.comparison.evaluate_run import evaluate_run
from keras_mtl.comparison.settings import ComparisonSettings
from keras_mtl.configuration.validate import build_config
from keras_mtl.errors import UserError

__all__ = ["compare_sharing"]


def compare_sharing(
    settings: Mapping[str, Any] | None = None,
    *,
    folds: int = 5,
    repeats: int = 4,
    members: int = 4,
    compare: Sequence[str] = (),
    equivalence: float | None = None,
    by: Sequence[str] = (),
    label_shares: Sequence[float] = (),
    out: str | None = None,
    workers: int = 1,
    verbose: bool = False,
) -> Comparison:
    """Compare a multi-task network with single-task networks and other models.

    This is `python -m keras_mtl.evaluate` as a function. All models have the same
    folds. All learning uses only the training rows of a fold.

    Args:
        settings: The settings of a run, nested as in TOML, such as
            `{"data": {"path": "my.csv"}, "tasks": [...]}`. By default the settings of
            the embedded heart data.
        folds: See `ComparisonSettings`.
        repeats: See `ComparisonSettings`.
        members: See `ComparisonSettings`.
        compare: See `ComparisonSettings`.
        equivalence: See `ComparisonSettings`.
        by: See `ComparisonSettings`.
        label_shares: See `ComparisonSettings`.
        out: The folder that keeps all fits, which the next call then reuses. By default
            they are not kept.
        workers: The number of processes that run fits.
        verbose: Whether progress and tables are printed.

    Returns:
        The `Comparison`.

    Raises:
        UserError: If settings or rows are invalid, with all errors at once.
    """
    config = build_config(dict(settings or {}))
    try:
        chosen = ComparisonSettings(
            folds=folds,
            repeats=repeats,
            members=members,
            compare=tuple(compare),
            equivalence=equivalence,
            by=tuple(by),
            label_shares=tuple(label_shares),
        )
    except ValidationError as error:
        raise UserError(*validation_messages(error, ComparisonSettings)) from None
    if out is not None:
        return evaluate_run(config, chosen, Path(out), workers, quiet=not verbose)
    with tempfile.TemporaryDirectory() as folder:
        return evaluate_run(config, chosen, Path(folder), workers, quiet=not verbose)
