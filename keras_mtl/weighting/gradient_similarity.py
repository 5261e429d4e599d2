"""Use of auxiliary tasks only while their gradients help the other tasks."""

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting


@keras.saving.register_keras_serializable(package="keras_mtl")
class GradientSimilarity(GramianWeighting):
    """Gradient similarity, which drops an auxiliary task that opposes the main tasks.

    Du, Czarnecki, Jayakumar, Farajtabar, Pascanu and Lakshminarayanan 2018, "Adapting
    auxiliary losses using gradient similarity": the gradient of an auxiliary task on
    the shared variables is used only while its cosine with the summed gradient of the
    main tasks is not negative (the unweighted version of the paper), or it is
    multiplied by this cosine (the weighted version). To first order, the update then
    never raises the loss of the main tasks. Without auxiliary tasks, the update is the
    sum.

    Departure from the paper: a running mean of the cosines is used, since the cosine on
    a small batch is noisy; `momentum=0` is the paper's method. The head of a dropped
    task continues to learn, so the task is used again as soon as it helps.

    Args:
        momentum: The share of its old value that the running mean keeps at each step.
        form: `"gate"`, 1 or 0 by the sign of the cosine; or `"cosine"`, the cosine
            where it is positive.

    State: `auxiliary` (T,), 1 for an auxiliary task; `cosine` (T,), the weighted sum of
    cosines; `share` (T,), the sum of the weights, the divisor of `cosine`.

    Example:

    >>> import numpy as np
    >>> import keras_mtl.weighting
    >>> method = keras_mtl.weighting.get("gradient-similarity")
    >>> state = method.initial_state(3, auxiliary=[False, True, True])
    >>> rows = np.array([[1.0, 0.0], [-0.5, 2.0], [0.5, 2.0]])
    >>> weights, state = method(rows @ rows.T, state)
    >>> weights.numpy()
    array([1., 0., 1.])
    """

    uses_auxiliary = True
    plain_numbers = ("momentum",)

    def __init__(
        self, momentum: float = 0.9, form: Literal["gate", "cosine"] = "gate"
    ) -> None:
        super().__init__()
        if form not in ("gate", "cosine"):
            raise ValueError(
                "Invalid value received for argument `form`. Expected 'gate' or "
                f"'cosine'. Received: form={form!r}"
            )
        self.momentum = momentum
        self.form = form

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
        auxiliary: Sequence[bool] | None = None,
    ) -> State:
        zeros = np.zeros(tasks_count, "float32")
        helps = zeros if auxiliary is None else np.asarray(auxiliary, "float32")
        return {"auxiliary": helps, "cosine": zeros, "share": zeros}

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        auxiliary = state["auxiliary"]
        others = (1.0 - auxiliary) * problem.active
        products = ops.matmul(problem.gramian, others)
        lengths = ops.sqrt(ops.maximum(ops.diagonal(problem.gramian), 0.0))
        length = ops.sqrt(ops.maximum(ops.sum(others * products), 0.0))
        cosine = ops.divide_no_nan(products, lengths * length)
        # A batch without a label for the task, or for all others, does not count.
        known = problem.active * ops.cast(length > 0, "float64")
        keep = 1.0 - (1.0 - self.momentum) * known
        new_state = {
            "auxiliary": auxiliary,
            "cosine": keep * state["cosine"] + (1.0 - keep) * cosine,
            "share": keep * state["share"] + (1.0 - keep),
        }
        mean = ops.divide_no_nan(new_state["cosine"], new_state["share"])
        if self.form == "gate":
            counts = ops.cast(mean >= 0, "float64")
        else:
            counts = ops.maximum(mean, 0.0)
        return 1.0 - auxiliary * (1.0 - counts), new_state

    def get_config(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "form": self.form}
