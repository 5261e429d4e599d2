"""The base class of all weightings, and common functions of its kinds."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from keras import backend, ops

__all__ = [
    "State",
    "Weighting",
    "active_tasks",
    "cast_state",
    "rank_tolerance",
    "restore_dtypes",
]

State = dict[str, Any]


class Weighting:
    """Base class of weightings, which combine losses, a Gramian or a Jacobian.

    A weighting is a pure function with an explicit state: a call takes the state, a
    dict of arrays, and returns a new state. It has no variables. The training loop
    keeps the state in Keras variables, maps it over members and saves it. Only
    `aggregate` and `reset`, for use on plain arrays, keep a state on the instance.

    Class attributes declare the inputs that the training step has to supply:

    - `kind`: the first argument of the call, `"losses"`, `"gramian"` or `"jacobian"`.
    - `needs_losses_after_step`: whether `after_step` needs the losses of the same batch
      again after the update, computed with `training=False`.
    - `needs_end_of_epoch`: whether `end_of_epoch` must be called after each epoch.
    - `uses_losses`: whether the call needs `losses` (always true for the kind
      `"losses"`).
    - `weighs_by_losses`: whether the weights or the next state depend on the values of
      the losses, so that replicas have to exchange them first.
    - `uses_auxiliary`: whether `initial_state` needs to know which tasks are auxiliary.
    - `uses_last_shared_layer`: whether the Gramian is that of the last shared layer
      only.
    - `samples`: the number of independent parts into which a batch is divided. With 2
      or more, the Gramian is `J_1 J_2^T`, from the first two parts.
    - `update_sample`: the gradients that the weights are then applied to: those of the
      `"last"` part, or the `"mean"` of the parts.
    - `plain_numbers`: the names of settings that are only computed with. During a call,
      `after_step` and `end_of_epoch` they may be scalar tensors, so that each member of
      a program has its own value. A setting that Python branches on, or that
      `initial_state` reads, is not one of them.

    Args:
        scale: `"sum"` or `"paper"`. With `"sum"`, the update of tasks with equal
            gradients is their plain sum, so that the same learning rate suits all
            methods. `"paper"` is the scale of the method's paper.
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
    plain_numbers: ClassVar[tuple[str, ...]] = ()

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
        """Return the state before the first call: a dict of NumPy arrays.

        Args:
            tasks_count: The number of tasks, T.
            parameters_count: The number of shared parameters, P. Only needed by some
                subclasses of `JacobianAggregator`.
            kinds: `"regression"` or `"classification"` for each task. Only used by
                `uncertainty`; by default all are classification.

        A method that `uses_auxiliary` gets a fourth argument, `auxiliary`, which is
        True for each auxiliary task.
        """
        return {}

    def after_step(self, losses: Any, state: State, *, mask: Any = None) -> State:
        """Return the state after the update of the model.

        Args:
            losses: The losses after the update, (T,), on the same batch and with
                `training=False`.
            state: The state that the call returned.
            mask: Booleans, (T,): whether each task has a label in the batch.
        """
        return state

    def end_of_epoch(self, state: State) -> State:
        """Return the state for the next epoch."""
        return state

    def aggregate(
        self, jacobian: Any, *, losses: Any = None, mask: Any = None
    ) -> np.ndarray:
        """Combine gradients in a plain array, in double precision.

        The state is kept on the instance between calls; `reset` deletes it.

        Args:
            jacobian: The tasks' gradients, (T, P).
            losses: The tasks' losses, (T,); by default all are 1.
            mask: Booleans, (T,): whether each task has a label. A row of zeros counts
                as a task without a label.

        Returns:
            The update, (P,), in the floating dtype of the Jacobian.

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
        """Delete the state that `aggregate` keeps."""
        self._state = None

    def with_numbers(self, values: Mapping[str, Any]) -> Self:
        """Return a copy with other values of some of the `plain_numbers`.

        Args:
            values: Numbers or scalar tensors, by the names of settings.
        """
        changed = copy.copy(self)
        for name, value in values.items():
            setattr(changed, name, value)
        return changed

    def _with_numbers_in(self, dtype: str) -> Self:
        """Return a copy whose tensor-valued numbers have a given floating dtype."""
        return self.with_numbers(
            {
                name: ops.cast(getattr(self, name), dtype)
                for name in self.plain_numbers
                if hasattr(getattr(self, name), "dtype")
            }
        )

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
    """Return the relative size below which an eigenvalue of `J J^T` counts as zero.

    Args:
        dtype: The dtype of the Jacobian `J`. The product is assumed to be in double
            precision, so it contains the square of the rounding of `J`.
        shape: The shape of `J`.
    """
    exact = shape[0] * np.finfo("float64").eps
    return float(max(exact, (max(shape) * np.finfo(dtype).eps) ** 2))


def active_tasks(values: Any, mask: Any) -> Any:
    """Return whether each task has a label, (T,), from `mask` or by values.

    A NaN counts as active, so that it appears in the result and is not hidden.
    """
    nonzero = ops.not_equal(values, 0)
    if mask is None:
        return nonzero
    return ops.logical_and(nonzero, ops.cast(mask, "bool"))


def cast_state(state: State, dtype: str) -> State:
    """Return the state with its floating entries cast to `dtype`."""
    return {
        key: ops.cast(value, dtype)
        if _is_float(value)
        else ops.convert_to_tensor(value)
        for key, value in state.items()
    }


def restore_dtypes(state: State, like: State) -> State:
    """Return the state with each entry in its dtype in `like`."""
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
