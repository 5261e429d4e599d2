"""Settings of a comparison."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from keras_mtl._core.declarations import Declaration, declaration

__all__ = ["ComparisonSettings"]


def _check_shares(values: Any) -> Any:
    """Check all shares together, for one message with all given shares."""
    given = list(values) if isinstance(values, list | tuple) else [values]
    try:
        known = all(0 < float(value) <= 1 for value in given)
    except (TypeError, ValueError):
        known = False
    if not known:
        raise ValueError("expected shares above 0 and at most 1, such as 0.1, 0.5, 1")
    return values


@declaration
class ComparisonSettings(Declaration):
    """The settings of a comparison by cross-validation.

    Args:
        folds: The number of folds per repeat.
        repeats: The number of times that the rows are divided into folds.
        members: The number of networks whose predictions are averaged in each fold.
        compare: Further configurations to compare. Each is the name of a preset, a
            weighting or an architecture, with settings if any; a TOML file; or
            `"groups"`, one network per group of tasks, with groups that affinities
            choose.
        equivalence: The largest difference that does not matter, in the unit of the
            tasks' metrics. By default 0.01 for an AUC or R2.
        by: Columns whose groups are reported separately. Numbers need bands, as in
            `"age:40,60"`.
        level: The confidence level of intervals.
        label_shares: Shares of the training labels of a task, above 0 and at most 1.
            For each share, the task is measured with all labels of the other tasks, and
            without the other tasks.
    """

    folds: Annotated[int, Field(ge=2)] = 5
    repeats: Annotated[int, Field(ge=1)] = 4
    members: Annotated[int, Field(ge=1, le=1024)] = 4
    compare: tuple[str, ...] = ()
    equivalence: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    by: tuple[str, ...] = ()
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    label_shares: Annotated[tuple[float, ...], BeforeValidator(_check_shares)] = ()
