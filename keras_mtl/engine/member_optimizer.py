"""Keras optimizers that update the variables of many members at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_mtl.errors import UserError

__all__ = [
    "cosine_rates",
    "kernel_decay_adam",
    "member_optimizer",
    "one_member_optimizer",
]

# Optimizers that update each number independently of the others.
ELEMENTWISE = (
    keras.optimizers.Adadelta,
    keras.optimizers.Adagrad,
    keras.optimizers.Adam,
    keras.optimizers.AdamW,
    keras.optimizers.Adamax,
    keras.optimizers.Ftrl,
    keras.optimizers.Lion,
    keras.optimizers.Nadam,
    keras.optimizers.RMSprop,
    keras.optimizers.SGD,
)
# Settings that combine several numbers, or count the steps of all members.
NOT_ELEMENTWISE = (
    "clipnorm",
    "global_clipnorm",
    "gradient_accumulation_steps",
    "loss_scale_factor",
    "use_ema",
)


class _Members:
    """A mixin for a Keras optimizer that updates K members as if each were alone.

    Keras updates each number of a variable by itself. For a variable of K members, (K,
    ...), only three values differ between members: the learning rate, the count of
    steps, and whether the member takes this step. They have the shape (K,), and get the
    axes of length 1 that the variable needs while it is updated.
    """

    def set_members(
        self,
        members: int,
        rates: Callable[[tf.Tensor], tf.Tensor],
        decays: Any,
        decayed: Sequence[bool],
    ) -> None:
        """Set the members' own learning rates and weight decays.

        Args:
            members: K.
            rates: A function from the members' counts of steps, (K,), to their learning
                rates, (K,).
            decays: The members' weight decays, (K,), a tensor or a variable; None for
                no decay.
            decayed: Booleans: whether each variable decays.
        """
        self._rank: int | None = None
        self._moving: tf.Tensor | None = None
        self._rates_of_steps = rates
        self._decays = decays
        self._decayed = list(decayed)
        self._member_steps = keras.Variable(
            tf.zeros([members], tf.int64), trainable=False, dtype="int64"
        )

    def apply_to_members(
        self,
        gradients: Sequence[tf.Tensor],
        variables: Sequence[keras.Variable],
        moving: tf.Tensor | None,
    ) -> None:
        """Update the members.

        Args:
            gradients: The gradients, of shapes (K, ...).
            variables: The variables that the optimizer was built with.
            moving: Booleans, (K,): whether each member takes this step. None for all
                members.
        """
        steps = tf.convert_to_tensor(self._member_steps)
        self._moving = moving
        self._rates = self._rates_of_steps(steps)
        self._steps = steps
        try:
            self.apply(gradients, variables)  # type: ignore[attr-defined]
        finally:
            self._moving = None
        taken = tf.ones_like(steps) if moving is None else tf.cast(moving, steps.dtype)
        self._member_steps.assign_add(taken)

    @property
    def iterations(self) -> Any:
        if self._rank is None:
            return super().iterations  # type: ignore[misc]
        return _lift(self._steps, self._rank)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self._rank = len(variable.shape)
        rate = tf.cast(_lift(self._rates, self._rank), variable.dtype)
        try:
            index = self._get_variable_index(variable)  # type: ignore[attr-defined]
            if self._decays is not None and self._decayed[index]:
                decays = tf.convert_to_tensor(self._decays)
                decay = tf.cast(_lift(decays, self._rank), variable.dtype)
                self.assign_sub(variable, variable * decay * rate)
            super().update_step(gradient, variable, rate)  # type: ignore[misc]
        finally:
            self._rank = None

    # Every change of an update goes through these three methods: a member that does not
    # take the step keeps its values.
    def assign(self, variable: Any, value: Any) -> None:
        if self._moving is not None:
            moving = _lift(self._moving, len(variable.shape))
            value = tf.where(moving, tf.cast(value, variable.dtype), variable)
        super().assign(variable, value)  # type: ignore[misc]

    def assign_add(self, variable: Any, value: Any) -> None:
        self.assign(variable, variable + tf.cast(value, variable.dtype))

    def assign_sub(self, variable: Any, value: Any) -> None:
        self.assign(variable, variable - tf.cast(value, variable.dtype))


class _NadamMembers(_Members):
    """A mixin for Nadam that keeps one product of momenta per member."""

    @property
    def _u_product(self) -> Any:
        if self._rank is None:
            return self._product
        return _lift(tf.convert_to_tensor(self._product), self._rank)

    @_u_product.setter
    def _u_product(self, value: Any) -> None:
        ones = tf.ones(self._member_steps.shape, value.dtype)
        self._product = keras.Variable(ones, trainable=False)

    def _backend_update_step(self, grads: Any, variables: Any, rate: Any) -> None:
        # Keras updates the product before it updates the first variable.
        self._rank = 1
        factor = 1.0 - 0.5 * tf.pow(0.96, tf.cast(self.iterations + 1, tf.float32))
        self._rank = None
        product = self._product * self.beta_1 * factor  # type: ignore[attr-defined]
        self.assign(self._product, product)
        # The method after Nadam's own in the order of the classes.
        super(keras.optimizers.Nadam, self)._backend_update_step(  # type: ignore[misc]
            grads, variables, rate
        )


def _lift(values: tf.Tensor, rank: int) -> tf.Tensor:
    """Reshape values of the members, (K,), to (K, 1, ...) with a given rank."""
    return tf.reshape(values, [-1] + [1] * (rank - 1))


def kernel_decay_adam(
    learning_rate: Any, weight_decay: float, variables: Sequence[keras.Variable]
) -> keras.optimizers.Optimizer:
    """Make an AdamW that decays only kernels.

    Args:
        learning_rate: See `keras.optimizers.AdamW`.
        weight_decay: See `keras.optimizers.AdamW`.
        variables: The variables that will be trained. Variables of two or more axes are
            kernels.
    """
    optimizer = keras.optimizers.AdamW(learning_rate, weight_decay=weight_decay)
    excluded = [each for each in variables if len(each.shape) < 2]
    optimizer.exclude_from_weight_decay(excluded)
    return optimizer


def one_member_optimizer(
    optimizer: keras.optimizers.Optimizer,
    learning_rate: float | None,
    weight_decay: float | None,
    weights: Sequence[keras.Variable],
    variables: Sequence[keras.Variable],
) -> keras.optimizers.Optimizer:
    """Make a copy of an optimizer of any kind for one member.

    Args:
        optimizer: The optimizer.
        learning_rate: The member's own rate; None keeps the optimizer's.
        weight_decay: The member's own decay; None keeps the optimizer's.
        weights: The member's variables.
        variables: The variables that the optimizer may exclude from the decay.
    """
    copy = type(optimizer).from_config(optimizer.get_config())
    if learning_rate is not None:
        _check_settable(optimizer)
        copy.learning_rate = learning_rate
    if weight_decay is not None:
        copy.weight_decay = weight_decay
    if copy.weight_decay is not None:
        # Only the given optimizer knows which variables do not decay.
        copy.exclude_from_weight_decay(
            [
                weight
                for weight, variable in zip(weights, variables, strict=True)
                if not optimizer._use_weight_decay(variable)
            ]
        )
    return copy


def member_optimizer(
    optimizer: keras.optimizers.Optimizer,
    variables: Sequence[keras.Variable],
    members: int,
    learning_rate: Any = None,
    weight_decay: Any = None,
    decayed: Sequence[bool] | None = None,
    rates: Callable[[tf.Tensor], tf.Tensor] | None = None,
) -> Any:
    """Make a copy of an optimizer that updates K members at once.

    Args:
        optimizer: A Keras optimizer that updates each number independently.
        variables: One member's variables, for which the optimizer decides on the decay.
        members: K.
        learning_rate: The members' rates, (K,), numbers or a `tf.Variable`; None for
            the optimizer's, with its schedule, by each member's own steps.
        weight_decay: The members' decays, likewise; None for the optimizer's.
        decayed: Booleans: whether each variable decays; by default as decided by the
            optimizer.
        rates: See `_Members.set_members`, in place of `learning_rate`.

    Returns:
        The copy, an optimizer with `apply_to_members`.

    Raises:
        UserError: If the optimizer cannot serve several members.

    Example:

    >>> optimizer = keras.optimizers.SGD(0.1)
    >>> kernel = keras.Variable([[1.0], [1.0]])  # two members of one number
    >>> two = member_optimizer(optimizer, [keras.Variable([1.0])], 2, [0.1, 0.5])
    >>> two.build([kernel])
    >>> two.apply_to_members([tf.ones((2, 1))], [kernel], moving=None)
    >>> kernel.numpy().ravel().tolist()
    [0.8999999761581421, 0.5]
    """
    _check_elementwise(optimizer)
    kind = type(optimizer)
    mixin = _NadamMembers if kind is keras.optimizers.Nadam else _Members
    config = optimizer.get_config()
    decay = config.get("weight_decay")
    if weight_decay is None and decay is not None:
        weight_decay = [decay] * members
    if decayed is None:
        # Only the given optimizer knows which variables do not decay.
        decayed = [bool(optimizer._use_weight_decay(each)) for each in variables]
    if rates is None:
        rates = _rates(optimizer, learning_rate, members)
    made: Any = type(f"Members{kind.__name__}", (mixin, kind), {})
    # Keras's constructors run before the members' own values are set.
    made._rank = made._moving = None
    copy = made.from_config(config)
    # The update here includes each member's own decay, so Keras's decay is off.
    copy.weight_decay = None
    copy.set_members(
        members,
        rates,
        None if weight_decay is None else _of_members(weight_decay),
        decayed,
    )
    return copy


def cosine_rates(learning_rate: Any, steps: Any) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a function from steps to rates that decrease to 0 for each member.

    Args:
        learning_rate: The members' initial rates, (K,), numbers or a `tf.Variable`.
        steps: The members' numbers of steps, likewise.
    """
    starts, steps_to_take = _of_members(learning_rate), _of_members(steps)

    def rates(done: tf.Tensor) -> tf.Tensor:
        start = tf.convert_to_tensor(starts)
        last = tf.convert_to_tensor(steps_to_take)
        share = tf.minimum(tf.cast(done, tf.float32), last) / last
        return start * 0.5 * (1 + tf.cos(math.pi * share))

    return rates


def _rates(
    optimizer: keras.optimizers.Optimizer,
    learning_rate: Any,
    members: int,
) -> Callable[[tf.Tensor], tf.Tensor]:
    schedule = optimizer._learning_rate
    scheduled = isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    if learning_rate is not None:
        _check_settable(optimizer)
        own = _of_members(learning_rate)
        return lambda steps: tf.convert_to_tensor(own)
    if not scheduled:
        common = tf.fill([members], float(optimizer.learning_rate))
        return lambda steps: common
    # A schedule is a function of one number, and some schedules of Keras branch on it.
    return lambda steps: tf.vectorized_map(
        lambda step: tf.cast(schedule(step), tf.float32), steps
    )


def _of_members(values: Any) -> Any:
    """Convert values to a tensor, but keep a variable, whose value may change."""
    return (
        values if isinstance(values, tf.Variable) else tf.constant(values, tf.float32)
    )


def _check_settable(optimizer: keras.optimizers.Optimizer) -> None:
    if isinstance(
        optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule
    ):
        raise UserError(
            "Invalid value received for `learning_rate` of `MemberSettings`. Expected "
            "None beside an optimizer with a `LearningRateSchedule`, which holds for "
            "all members. Received: a rate for each member."
        )


def _check_elementwise(optimizer: keras.optimizers.Optimizer) -> None:
    served = ", ".join(kind.__name__ for kind in ELEMENTWISE)
    if type(optimizer) not in ELEMENTWISE:
        raise UserError(
            "Invalid value received for argument `optimizer`. Expected, for "
            "members, an optimizer that updates each number by itself: one of "
            f"keras.optimizers' {served}. Received: {type(optimizer).__name__}. Train "
            "one member at a time with it."
        )
    config = optimizer.get_config()
    for name in NOT_ELEMENTWISE:
        if config.get(name):
            raise UserError(
                "Invalid value received for argument `optimizer`. Expected, for "
                f"several members, an optimizer without `{name}`, which does not go by "
                f"each number alone. Received: {name}={config[name]!r}. `clipvalue` "
                "serves, and so does one member at a time."
            )
