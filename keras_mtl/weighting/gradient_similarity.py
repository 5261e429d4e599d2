"""Auxiliary tasks count as long as their gradients help the others."""

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from keras_mtl.weighting.base import State
from keras_mtl.weighting.gramian_weighting import GramianProblem, GramianWeighting


@keras.saving.register_keras_serializable(package="keras_mtl")
class GradientSimilarity(GramianWeighting):
    """Drops an auxiliary task while its gradient opposes that of the others.

    Du, Czarnecki, Jayakumar, Farajtabar, Pascanu and Lakshminarayanan 2018,
    "Adapting auxiliary losses using gradient similarity": an auxiliary task's
    gradient on what is shared counts where its cosine with the summed gradient
    of the tasks that are not auxiliary is not negative (their unweighted
    version), or by that cosine (their weighted version). The update then never
    rises the others' loss to first order, and training ends where it would end
    without auxiliary tasks. Without auxiliary tasks, it is the sum.

    Departure: a step's cosine on a small batch is noise, so the running mean of
    the steps' cosines decides; `momentum=0` is the paper. A head goes on to learn
    while its task is dropped, so that the task is taken back as soon as it helps.

    Args:
        momentum: What the running mean keeps of itself at each step.
        form: `"gate"`, 1 or 0 by the sign of the cosine; or `"cosine"`, the cosine
            where it is positive.

    State: `auxiliary` (T,), 1 for an auxiliary task; `cosine` (T,), the running
    sum of cosines; `share` (T,), that of their weights, to begin without bias.

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
        # A batch without a label for the task, or for all others, says nothing.
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
