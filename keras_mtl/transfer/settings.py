"""The settings of a fit on a trained trunk."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from keras_mtl._core.declarations import Declaration, declaration

__all__ = ["TransferSettings"]


@declaration
class TransferSettings(Declaration):
    """The source of a trained trunk, and how its training continues.

    Args:
        run: The run folder whose trunk and encoder are used; None trains anew.
        digest: The SHA-256 digest of the run's model, which a fit notes; a model
            of another digest is refused.
        head: `"network"`, the layers that the task declares, trained like any
            other; or `"bayesian"`, a linear head in closed form on a trunk that
            stays frozen.
        frozen_epochs: The epochs, of all those of the fit, in which the trunk is
            frozen.
        trunk_rate: The factor of the learning rate of the trunk after that. With
            0 the trunk never changes.
    """

    run: str | None = None
    digest: str | None = None
    head: Literal["network", "bayesian"] = "network"
    frozen_epochs: Annotated[int, Field(ge=0)] = 50
    trunk_rate: Annotated[float, Field(ge=0, le=1)] = 0.1
