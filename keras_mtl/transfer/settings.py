"""The settings of a fit on a trained trunk."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from keras_mtl._core.declarations import Declaration, declaration

__all__ = ["TransferSettings"]


@declaration
class TransferSettings(Declaration):
    """The settings of transfer learning: the trained trunk and its further training.

    Args:
        run: The run folder whose trunk and encoder are used; None trains from scratch.
        digest: The SHA-256 digest of the run's model, which a fit records; a model with
            another digest is refused.
        head: `"network"`, dense layers of the task's `widths` that are trained; or
            `"bayesian"`, a linear head in closed form on a trunk that stays frozen.
        frozen_epochs: The number of first epochs of the fit in which the trunk is
            frozen.
        trunk_rate: The factor of the learning rate of the trunk after these epochs.
            With 0 the trunk never changes.
    """

    run: str | None = None
    digest: str | None = None
    head: Literal["network", "bayesian"] = "network"
    frozen_epochs: Annotated[int, Field(ge=0)] = 50
    trunk_rate: Annotated[float, Field(ge=0, le=1)] = 0.1
