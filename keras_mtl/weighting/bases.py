"""Bases of the weightings: on losses, on the Gramian of gradients, on the Jacobian."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from keras import backend, ops

__all__ = [
    "GramianProblem",
    "GramianWeighting",
    "JacobianAggregator",
    "JacobianProblem",
    "LossProblem",
    "LossWeighting",
    "State",
    "Weighting",
]

State = dict[str, Any]


class Weighting:
    """Base class of the three kinds: on losses, on a Gramian, on a Jacobian.

    A weighting is a pure function with an explicit state: a call takes the
    state, a dict of arrays, and returns a new one; it holds no variables. Who
    trains a model keeps the state in Keras variables, maps it over members or
    saves it. `aggregate` and `reset` are the exception, for use on plain
    arrays: they keep a state on the instance.

    What the training step has to supply is told by class attributes, so that
    it needn't know any method's name:

    - `kind`: `"losses"`, `"gramian"` or `"jacobian"`, what the call takes.
    - `needs_losses_after_step`: `after_step` wants the losses of the same
      batch once more, after the update, computed without training mode.
    - `needs_end_of_epoch`: call `end_of_epoch` after each epoch.
    - `uses_losses`: pass `losses` to the call (always so for `"losses"`).
    - `weighs_by_losses`: the weights, or the next state, depend on what the
      losses are, so that replicas have to exchange them first.
    - `uses_auxiliary`: tell `initial_state` which tasks are auxiliary.
    - `uses_last_shared_layer`: the Gramian is that of the last shared layer
      alone.
    - `samples`: how many independent parts of a batch the rule wants. With 2
      or more the Gramian is `J_1 J_2^T`, from the first two parts.
    - `update_sample`: what the weights are applied to then: the gradients of
      the `"last"` part, or the `"mean"` of the parts.

    Args:
        scale: `"sum"`, the package's one scale: tasks with equal gradients
            get their plain sum, so that another method doesn't mean another
            learning rate. `"paper"` is the scale of the method's paper.
    """

    kind: ClassVar[Literal["losses", "gramian", "jacobian"]]
    needs_losses_after_step: ClassVar[bool] = False
    needs_end_of_epoch: ClassVar[bool] = False
    uses_losses: ClassVar[bool] = False
    weighs_by_losses: ClassVar[bool] = True
    uses_auxiliary: ClassVar[bool] = False
    uses_last_shared_layer: ClassVar[bool] = False
    samples: ClassVar[int] = 1
    update_sample: ClassVar[Literal["last", "mean"]] = "last"

    def __init__(self, scale: str = "sum") -> None:
        if scale not in ("sum", "paper"):
            raise ValueError(
                "Invalid value received for argument `scale`. Expected 'sum' or "
                f"'paper'. Received: scale={scale!r}"
            )
        self.scale = scale
        self._state: State | None = None

    def initial_state(
        self,
        tasks_count: int,
        parameters_count: int | None = None,
        kinds: Sequence[str] | None = None,
    ) -> State:
        """Returns the state before the first call: a dict of NumPy arrays.

        Args:
            tasks_count: The number of tasks, T.
            parameters_count: The number of shared parameters, P. Only some
                Jacobian aggregators need it.
            kinds: `"regression"` or `"classification"` for each task. Only
                `uncertainty` uses it; by default all are classification.

        A method that `uses_auxiliary` is given a fourth argument, `auxiliary`: for
        each task whether it is auxiliary.
        """
        return {}

    def after_step(self, losses: Any, state: State, *, mask: Any = None) -> State:
        """Returns the state once the update has been made.

        Args:
            losses: (T,) the losses after the update, on the same batch and
                without training mode.
            state: The state that the call returned.
            mask: (T,) boolean: which tasks have a label in the batch.
        """
        return state

    def end_of_epoch(self, state: State) -> State:
        """Returns the state for the next epoch."""
        return state

    def aggregate(
        self, jacobian: Any, *, losses: Any = None, mask: Any = None
    ) -> np.ndarray:
        """Combines the tasks' gradients on a plain array, in double precision.

        The state is kept on the instance from call to call; `reset` forgets
        it.

        Args:
            jacobian: (T, P) the tasks' gradients.
            losses: (T,) the tasks' losses; by default all are 1.
            mask: (T,) boolean: which tasks have a label. A row of zeros counts
                as a task without one.

        Returns:
            (P,) the update, in the Jacobian's floating type.

        Example:

        >>> import keras_mtl.weighting
        >>> mgda = keras_mtl.weighting.get("mgda", scale="paper")
        >>> mgda.aggregate([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]]).round(6) + 0
        array([0., 1., 1.])
        """
        array = _as_matrix(jacobian)
        rows = array.astype("float64")
        if self._state is None:
            self._state = cast_state(self.initial_state(*rows.shape), "float64")
        losses = np.ones(len(rows)) if losses is None else losses
        update, self._state = self._aggregate(
            rows,
            self._state,
            losses=np.asarray(ops.convert_to_numpy(losses), dtype="float64"),
            mask=mask,
            tolerance=rank_tolerance(array.dtype, array.shape),
        )
        return ops.convert_to_numpy(update).astype(array.dtype)

    def reset(self) -> None:
        """Forgets what `aggregate` has kept."""
        self._state = None

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(**config)

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({settings})"

    def _aggregate(
        self, rows: np.ndarray, state: State, *, losses: Any, mask: Any, tolerance: Any
    ) -> tuple[Any, State]:
        raise NotImplementedError


def rank_tolerance(dtype: Any, shape: tuple[int, ...]) -> float:
    """Returns how small an eigenvalue of `J J^T` counts as zero.

    Args:
        dtype: The type that the Jacobian `J` came in. The product is taken to
            be in double precision, so that the rounding of `J` enters squared.
        shape: The shape of `J`.
    """
    exact = shape[0] * np.finfo("float64").eps
    return float(max(exact, (max(shape) * np.finfo(dtype).eps) ** 2))


def active_tasks(values: Any, mask: Any) -> Any:
    """Returns the boolean (T,) of tasks with a label, from `mask` or by values.

    A NaN counts as active: it must come out, not be hidden.
    """
    nonzero = ops.not_equal(values, 0)
    if mask is None:
        return nonzero
    return ops.logical_and(nonzero, ops.cast(mask, "bool"))


def cast_state(state: State, dtype: str) -> State:
    """Returns the state with its floating entries cast to `dtype`."""
    return {
        key: ops.cast(value, dtype)
        if _is_float(value)
        else ops.convert_to_tensor(value)
        for key, value in state.items()
    }


def restore_dtypes(state: State, like: State) -> State:
    """Returns the state with each entry in the type it has in `like`."""
    return {
        key: ops.cast(value, backend.standardize_dtype(like[key].dtype))
        for key, value in state.items()
    }


def _is_float(value: Any) -> bool:
    return backend.is_float_dtype(backend.standardize_dtype(value.dtype))


def _as_matrix(jacobian: Any) -> np.ndarray:
    array = np.asarray(ops.convert_to_numpy(jacobian))
    if array.ndim != 2:
        raise ValueError(
            "Invalid value received for argument `jacobian`. Expected the shape "
            f"(tasks, parameters). Received: shape {array.shape}"
        )
    return array if array.dtype in ("float32", "float64") else array.astype("float32")


@dataclasses.dataclass(frozen=True)
class LossProblem:
    """What a method on losses is given.

    Args:
        losses: (T,) the losses, 1 for a dropped task.
        active: (T,) 1 for a task with a label in the batch, 0 for another.
        count: The number of active tasks, at least 1.
    """

    losses: Any
    active: Any
    count: Any

    def only(self, chosen: Any) -> "LossProblem":
        """Returns the problem without the tasks where `chosen` is false."""
        active = ops.where(chosen, self.active, 0.0)
        return LossProblem(
            losses=ops.where(active > 0, self.losses, 1.0),
            active=active,
            count=ops.maximum(ops.sum(active), 1.0),
        )

    def without_zeros(self) -> "LossProblem":
        """Returns the problem without the tasks whose loss is exactly 0."""
        return self.only(ops.not_equal(self.losses, 0))

    def shares(self, logits: Any) -> Any:
        """Returns the (T,) softmax of `logits` over the active tasks."""
        highest = ops.max(ops.where(self.active > 0, logits, float("-inf")))
        highest = ops.where(ops.sum(self.active) > 0, highest, 0.0)
        below = ops.where(self.active > 0, logits - highest, float("-inf"))
        shares = ops.exp(below)
        return ops.divide_no_nan(shares, ops.sum(shares))


class LossWeighting(Weighting):
    """Base class of the methods from losses to weights.

    The update is the gradient of `sum_i w_i L_i` with the weights held
    constant: one backward pass. A method whose paper gives an objective
    instead (a geometric mean, say) returns that objective's derivatives by the
    losses, which makes the same update.

    A subclass writes `weigh`; parameters that a method learns are part of its
    state, and it moves them itself: no optimizer, hence no weight decay, ever
    sees them.

    Call arguments:
        losses: (T,) the tasks' losses. Those of tasks without a label are
            ignored, also when NaN.
        state: What `initial_state` or the last call returned.
        mask: (T,) boolean: which tasks have a label in the batch.

    Returns:
        (T,) weights, 0 for a dropped task, and the new state.
    """

    kind: ClassVar[Literal["losses"]] = "losses"
    uses_losses = True

    def __call__(
        self, losses: Any, state: State | None = None, *, mask: Any = None
    ) -> tuple[Any, State]:
        losses = ops.convert_to_tensor(losses)
        state = self.initial_state(losses.shape[0]) if state is None else state
        dtype = backend.standardize_dtype(losses.dtype)
        problem = self._problem(losses, mask)
        weights, new_state = self.weigh(problem, cast_state(state, "float64"))
        weights = weights * problem.active
        return ops.cast(weights, dtype), restore_dtypes(new_state, like=state)

    def weigh(self, problem: LossProblem, state: State) -> tuple[Any, State]:
        """Returns (T,) weights and the new state."""
        raise NotImplementedError

    def after_step(self, losses: Any, state: State, *, mask: Any = None) -> State:
        moved = self.move(self._problem(losses, mask), cast_state(state, "float64"))
        return restore_dtypes(moved, like=state)

    def move(self, problem: LossProblem, state: State) -> State:
        """Returns the state, given the losses of the same batch after the step."""
        return state

    @staticmethod
    def _problem(losses: Any, mask: Any) -> LossProblem:
        losses = ops.cast(losses, "float64")
        if mask is None:
            active = ops.ones_like(losses)
        else:
            # Not a product: the loss of a task without a label may be NaN.
            losses = ops.where(ops.cast(mask, "bool"), losses, 1.0)
            active = ops.cast(ops.cast(mask, "bool"), "float64")
        count = ops.maximum(ops.sum(active), 1.0)
        return LossProblem(losses=losses, active=active, count=count)

    def _aggregate(
        self, rows: Any, state: State, *, losses: Any, mask: Any, tolerance: Any
    ) -> tuple[Any, State]:
        weights, state = self(losses, state, mask=mask)
        return ops.matmul(weights, rows), state


@dataclasses.dataclass(frozen=True)
class GramianProblem:
    """What a method on the Gramian is given.

    Args:
        gramian: (T, T) float64 with trace 1; the rows and columns of dropped
            tasks are zero.
        active: (T,) 1 for a task with a gradient, 0 for a dropped one.
        count: The number of active tasks, at least 1.
        trace: What the Gramian was divided by, the sum of the squared norms.
        tolerance: An eigenvalue this small, next to the largest, is rounding.
        is_finite: Whether the Gramian holds numbers; if not, it is zero here
            and the weights will be NaN.
        losses: (T,) the losses, or None.
    """

    gramian: Any
    active: Any
    count: Any
    trace: Any
    tolerance: float
    is_finite: Any
    losses: Any = None


class GramianWeighting(Weighting):
    """Base class of the methods from a Gramian to weights.

    The Gramian `G = J J^T` of the tasks' gradients is all that these methods
    need. It can be summed layer by layer, so that memory never holds the
    gradients of a large trunk for all tasks at once; a backward pass of the
    weighted losses then makes the update.

    The template drops the tasks without a label, divides by the trace, so that
    no method meets a scale, and works in double precision, which on T by T
    numbers costs little. A subclass writes `solve`, in the scale where equal
    gradients give their sum, and `paper_factor` if its paper's scale differs.

    Call arguments:
        gramian: (T, T) inner products of the tasks' gradients; `J_1 J_2^T` if
            the method's `samples` is 2 or more.
        state: What `initial_state` or the last call returned.
        mask: (T,) boolean: which tasks have a label in the batch. A row of
            zeros counts as a task without one.
        losses: (T,) the tasks' losses, if the method `uses_losses`.
        tolerance: The relative size of an eigenvalue that counts as zero; by
            default the rounding of the Gramian's own type.

    Returns:
        (T,) weights, 0 for a dropped task, and the new state.
    """

    kind: ClassVar[Literal["gramian"]] = "gramian"

    def __call__(
        self,
        gramian: Any,
        state: State | None = None,
        *,
        mask: Any = None,
        losses: Any = None,
        tolerance: float | None = None,
    ) -> tuple[Any, State]:
        gramian = ops.convert_to_tensor(gramian)
        state = self.initial_state(gramian.shape[0]) if state is None else state
        dtype = backend.standardize_dtype(gramian.dtype)
        problem = self._problem(gramian, mask, losses, tolerance)
        weights, new_state = self.solve(problem, cast_state(state, "float64"))
        weights = ops.where(problem.is_finite, weights * problem.active, float("nan"))
        if self.scale == "paper":
            weights = weights * self.paper_factor(problem)
        return ops.cast(weights, dtype), restore_dtypes(new_state, like=state)

    def solve(self, problem: GramianProblem, state: State) -> tuple[Any, State]:
        """Returns (T,) weights in the scale of the sum, and the new state."""
        raise NotImplementedError

    def paper_factor(self, problem: GramianProblem) -> Any:
        """Returns the paper's weights divided by those of `solve`."""
        return 1.0

    def _problem(
        self, gramian: Any, mask: Any, losses: Any, tolerance: float | None
    ) -> GramianProblem:
        if tolerance is None:
            tolerance = gramian.shape[0] * float(np.finfo(gramian.dtype.name).eps)
        gramian = ops.cast(gramian, "float64")
        task_is_active = active_tasks(ops.max(ops.abs(gramian), axis=1), mask)
        both = ops.logical_and(task_is_active[:, None], task_is_active[None, :])
        gramian = ops.where(both, gramian, 0.0)
        # Eigenvalues of what is not a number raise an error that names no task:
        # solve without it and return weights that are not numbers.
        is_finite = ops.all(ops.isfinite(gramian))
        gramian = ops.where(is_finite, gramian, 0.0)
        # Of two samples' gradients, a product with itself may be negative.
        trace = ops.sum(ops.abs(ops.diagonal(gramian)))
        trace = ops.where(ops.equal(trace, 0), 1.0, trace)
        active = ops.cast(task_is_active, "float64")
        return GramianProblem(
            gramian=gramian / trace,
            active=active,
            count=ops.maximum(ops.sum(active), 1.0),
            trace=trace,
            tolerance=tolerance,
            is_finite=is_finite,
            losses=None if losses is None else ops.cast(losses, "float64"),
        )

    def _aggregate(
        self, rows: Any, state: State, *, losses: Any, mask: Any, tolerance: Any
    ) -> tuple[Any, State]:
        weights, state = self(
            rows @ rows.T, state, mask=mask, losses=losses, tolerance=tolerance
        )
        return ops.matmul(weights, rows), state


@dataclasses.dataclass(frozen=True)
class JacobianProblem:
    """What a method on the Jacobian is given.

    Args:
        jacobian: (T, P) the gradients, in the type they came in; zero for
            dropped tasks.
        active: (T,) 1 for a task with a gradient, 0 for a dropped one.
        count: The number of active tasks, at least 1.
        losses: (T,) the losses, 1 for a dropped task; or None.
    """

    jacobian: Any
    active: Any
    count: Any
    losses: Any = None


class JacobianAggregator(Weighting):
    """Base class of the methods from a Jacobian to the update.

    For the few methods that look at single entries or remember gradients: the
    (T, P) Jacobian is in memory, and for some a state as large. A subclass
    writes `combine`. If the method weighs tasks, its state has the entry
    `weights`, for heads that are to be weighted too.

    Call arguments:
        jacobian: (T, P) the tasks' gradients.
        state: What `initial_state` or the last call returned.
        mask: (T,) boolean: which tasks have a label in the batch. A row of
            zeros counts as a task without one.
        losses: (T,) the tasks' losses, if the method `uses_losses`.

    Returns:
        (P,) update and the new state.
    """

    kind: ClassVar[Literal["jacobian"]] = "jacobian"

    def __call__(
        self,
        jacobian: Any,
        state: State | None = None,
        *,
        mask: Any = None,
        losses: Any = None,
    ) -> tuple[Any, State]:
        jacobian = ops.convert_to_tensor(jacobian)
        state = self.initial_state(*jacobian.shape) if state is None else state
        dtype = backend.standardize_dtype(jacobian.dtype)
        problem = self._problem(jacobian, mask, losses, dtype)
        update, new_state = self.combine(problem, cast_state(state, dtype))
        return update, restore_dtypes(new_state, like=state)

    def combine(self, problem: JacobianProblem, state: State) -> tuple[Any, State]:
        """Returns the (P,) update in the scale `self.scale`, and the new state."""
        raise NotImplementedError

    def _problem(
        self, jacobian: Any, mask: Any, losses: Any, dtype: str
    ) -> JacobianProblem:
        task_is_active = active_tasks(ops.max(ops.abs(jacobian), axis=1), mask)
        active = ops.cast(task_is_active, dtype)
        if losses is not None:
            losses = ops.where(task_is_active, ops.cast(losses, dtype), 1.0)
        return JacobianProblem(
            jacobian=ops.where(task_is_active[:, None], jacobian, 0.0),
            active=active,
            count=ops.maximum(ops.sum(active), 1.0),
            losses=losses,
        )

    def _parameters(self, parameters_count: int | None) -> int:
        if parameters_count is None:
            raise ValueError(
                f"`{type(self).__name__}` remembers a gradient for each task. "
                "Expected `initial_state(tasks_count, parameters_count)`. "
                "Received: parameters_count=None"
            )
        return parameters_count

    def _aggregate(
        self, rows: Any, state: State, *, losses: Any, mask: Any, tolerance: Any
    ) -> tuple[Any, State]:
        return self(rows, state, mask=mask, losses=losses)
