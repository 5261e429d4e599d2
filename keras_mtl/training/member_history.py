"""What an epoch of many members is told by."""

from __future__ import annotations

import numpy as np

from keras_mtl.training.member_program import MemberProgram
from keras_mtl.training.member_state import EpochResult
from keras_mtl.training.own_values import OwnValues

__all__ = ["column_names", "require_finite", "row_of_history"]


def column_names(program: MemberProgram, validated: bool) -> list[str]:
    """Returns the names of the columns, as Keras has them."""
    losses = ["loss", *[f"{task.name}_loss" for task in program.model.tasks]]
    validation = []
    if validated:
        columns = losses + program.evaluate.columns
        validation = [f"val_{name}" for name in columns]
    return losses + validation + program.conflict_columns


def row_of_history(result: EpochResult, own: OwnValues) -> np.ndarray:
    """Returns one epoch's values, of shape (columns, K)."""
    parts = []
    for losses in (result.losses, result.validation_losses):
        if losses is not None:
            parts.append(np.sum(losses * own.loss_weights, axis=1)[None])
            parts.append(losses.numpy().T)
    if result.validation_metrics is not None:
        parts.append(result.validation_metrics.numpy().T)
    if result.conflict is not None:
        parts.append(result.conflict.numpy().T)
    return np.concatenate(parts).astype("float64")


def require_finite(names: list[str], values: np.ndarray, epoch: int) -> None:
    """Raises where a task's loss of a member is NaN or infinite."""
    broken = [
        name
        for name, row in zip(names, values, strict=True)
        if name.endswith("_loss") and not np.isfinite(row).all()
    ]
    if broken:
        raise FloatingPointError(
            f"Expected finite losses. Received: {', '.join(broken)} is NaN or infinite "
            f"in epoch {epoch + 1}. Lower the learning rate, or look for extreme "
            "values in the inputs and labels."
        )
