"""How models are compared."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from keras_mtl._core.declarations import Declaration, declaration

__all__ = ["ComparisonSettings"]


def _check_shares(values: Any) -> Any:
    """Checks all shares together, so that one message names them as they are given."""
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
    """The settings of a comparison over cross-validation.

    Args:
        folds: The folds of a repeat.
        repeats: How often the rows are divided into folds.
        members: The networks that are averaged in a fold.
        compare: Further configurations: the name of a preset, a weighting or
            an architecture, with settings if any, or a TOML file; or
            `"groups"`, a network per group of tasks that affinities choose.
        equivalence: The largest difference that does not matter, in the unit
            of the tasks' metrics. By default one hundredth of an AUC or R2.
        by: Columns whose groups are reported by themselves; numbers need
            bands, as in `"age:40,60"`.
        level: The probability that intervals cover.
        label_shares: Shares of a task's training labels, above 0 and at most 1,
            at which the task's result is measured with all labels of the other
            tasks, and alone.
    """

    folds: Annotated[int, Field(ge=2)] = 5
    repeats: Annotated[int, Field(ge=1)] = 4
    members: Annotated[int, Field(ge=1, le=1024)] = 4
    compare: tuple[str, ...] = ()
    equivalence: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    by: tuple[str, ...] = ()
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    label_shares: Annotated[tuple[float, ...], BeforeValidator(_check_shares)] = ()
