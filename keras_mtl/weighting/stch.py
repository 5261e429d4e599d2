"""The smooth maximum of the losses."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.loss_weighting import LossProblem, LossWeighting


@keras.saving.register_keras_serializable(package="keras_mtl")
class STCH(LossWeighting):
    """STCH: smooth Tchebycheff scalarization, which emphasizes the worst task.

    Lin, Zhang, Yang, Liu, Wang and Zhang 2024, "Smooth Tchebycheff scalarization for
    multi-objective optimization", equation 8: the objective is `mu log sum_i exp(p_i
    (L_i - z_i) / mu)` with preferences `p_i` and the best possible losses `z_i`. The
    weights are its derivatives `p_i softmax(p_i (L_i - z_i) / mu)`, times `T / mean(p)`
    with `scale="sum"`. The losses are used unchanged, without a logarithm and without a
    division by the losses of a warm-up.

    Args:
        mu: The smoothing, in units of `p_i L_i`: the smaller, the more only the worst
            task counts.
        preference: `p`, one number per task; by default `1 / T`.
        reference: `z`, one number per task; by default 0.
        scale: `"sum"` or `"paper"`.

    Example:

    >>> import keras_mtl.weighting
    >>> weights, state = keras_mtl.weighting.get("stch")([2.0, 1.0])
    >>> weights.numpy().round(4)
    array([1.2449, 0.7551], dtype=float32)
    """

    plain_numbers = ("mu",)

    def __init__(
        self,
        mu: float = 1.0,
        preference: Sequence[float] | None = None,
        reference: Sequence[float] | None = None,
        scale: str = "sum",
    ) -> None:
        super().__init__(scale)
        if mu <= 0:
            raise ValueError(
                "Invalid value received for argument `mu`. Expected a number above "
                f"0. Received: mu={mu}"
            )
        self.mu = mu
        self.preference = None if preference is None else list(preference)
        self.reference = None if reference is None else list(reference)

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        preference = problem.active / problem.count
        if self.preference is not None:
            given = ops.convert_to_tensor(self.preference, dtype="float64")
            preference = given * problem.active
        gaps = problem.losses
        if self.reference is not None:
            gaps = gaps - ops.convert_to_tensor(self.reference, dtype="float64")
        weights = preference * problem.shares(preference * gaps / self.mu)
        if self.scale == "sum":
            weights = weights * problem.count**2 / ops.sum(preference)
        return weights, state

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "mu": self.mu,
            "preference": self.preference,
            "reference": self.reference,
        }
