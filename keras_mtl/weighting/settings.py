"""The settings of the methods, declared without Keras.

The settings can thus be checked before the methods are loaded, which need Keras. Names
and defaults are those of the constructors, as a test checks. The constructors describe
the settings.
"""

from typing import Annotated, Literal

from pydantic import Field

from keras_mtl._core.declarations import Declaration, declaration

__all__ = [
    "CAGradSettings",
    "ConstantSettings",
    "DBMTLSettings",
    "DWASettings",
    "ExcessMTLSettings",
    "FAMOSettings",
    "FairGradSettings",
    "GradDropSettings",
    "GradNormSettings",
    "GradVacSettings",
    "GradientSimilaritySettings",
    "IMTLLSettings",
    "MoCoSettings",
    "MoDoSettings",
    "NoSettings",
    "RLWSettings",
    "SDMGradSettings",
    "STCHSettings",
    "ScaleSettings",
    "SeedSettings",
    "UncertaintySettings",
]

Scale = Literal["sum", "paper"]
Seed = Annotated[int, Field(ge=0)] | None
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
# The share that a running mean keeps; with 1, the mean would never change.
Momentum = Annotated[float, Field(ge=0, lt=1)]


@declaration
class NoSettings(Declaration):
    """Settings of the methods without settings."""


@declaration
class ScaleSettings(Declaration):
    """Settings of the methods that have only a scale."""

    scale: Scale = "sum"


@declaration
class ConstantSettings(Declaration):
    """Settings of `Constant`."""

    weights: tuple[NonNegative, ...]


@declaration
class SeedSettings(Declaration):
    """Settings of the methods that have only a seed."""

    seed: Seed = None


@declaration
class UncertaintySettings(Declaration):
    """Settings of `Uncertainty`."""

    learning_rate: Positive = 0.01
    scale: Scale = "sum"


@declaration
class DWASettings(Declaration):
    """Settings of `DWA`."""

    temperature: Positive = 2.0


@declaration
class RLWSettings(Declaration):
    """Settings of `RLW`."""

    seed: Seed = None
    scale: Scale = "sum"


@declaration
class FAMOSettings(Declaration):
    """Settings of `FAMO`."""

    learning_rate: Positive = 0.025
    decay: NonNegative = 1e-3
    scale: Scale = "sum"


@declaration
class STCHSettings(Declaration):
    """Settings of `STCH`."""

    mu: Positive = 1.0
    preference: tuple[NonNegative, ...] | None = None
    reference: tuple[float, ...] | None = None
    scale: Scale = "sum"


@declaration
class IMTLLSettings(Declaration):
    """Settings of `IMTLL`."""

    learning_rate: Positive = 0.01


@declaration
class GradNormSettings(Declaration):
    """Settings of `GradNorm`."""

    alpha: float = 1.5
    learning_rate: Positive = 0.025


@declaration
class GradVacSettings(Declaration):
    """Settings of `GradVac`."""

    beta: Share = 0.5
    seed: Seed = None


@declaration
class CAGradSettings(Declaration):
    """Settings of `CAGrad`."""

    c: NonNegative = 0.5
    scale: Scale = "sum"


@declaration
class FairGradSettings(Declaration):
    """Settings of `FairGrad`."""

    alpha: Positive = 1.0
    scale: Scale = "sum"


@declaration
class GradDropSettings(Declaration):
    """Settings of `GradDrop`."""

    leak: Share = 0.0
    seed: Seed = None


@declaration
class DBMTLSettings(Declaration):
    """Settings of `DBMTL`."""

    beta: Momentum = 0.9
    beta_decay: NonNegative = 0.0
    scale: Scale = "sum"


@declaration
class MoCoSettings(Declaration):
    """Settings of `MoCo`."""

    beta: Share = 0.5
    beta_decay: NonNegative = 0.5
    gamma: NonNegative = 0.1
    gamma_decay: NonNegative = 0.5
    rho: NonNegative = 0.0
    scale: Scale = "sum"


@declaration
class SDMGradSettings(Declaration):
    """Settings of `SDMGrad`."""

    strength: NonNegative = 0.3
    learning_rate: Positive = 5.0
    momentum: Momentum = 0.5
    steps: Annotated[int, Field(ge=1)] = 20
    scale: Scale = "sum"


@declaration
class MoDoSettings(Declaration):
    """Settings of `MoDo`."""

    gamma: NonNegative = 0.1
    rho: NonNegative = 0.1
    relative: bool = True
    scale: Scale = "sum"


@declaration
class ExcessMTLSettings(Declaration):
    """Settings of `ExcessMTL`."""

    step_size: Positive = 0.01
    scale: Scale = "sum"


@declaration
class GradientSimilaritySettings(Declaration):
    """Settings of `GradientSimilarity`."""

    momentum: Momentum = 0.9
    form: Literal["gate", "cosine"] = "gate"
