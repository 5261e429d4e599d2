"""The graph that training runs: the model's, with its noise fed in."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import keras
import tensorflow as tf

from keras_mtl.engine.philox import uniform_reaches
from keras_mtl.layers.training_layers import (
    FED_LAYERS,
    Draw,
    PresentRowsNormalization,
    record_noise,
)

__all__ = [
    "Noise",
    "dropout_layers",
    "initial_seeds",
    "initialize_waiting_variables",
    "is_seed",
    "noise_of",
    "set_dropout_rates",
    "statistics",
    "training_graph",
]

# The memory, in bytes, of the random numbers that are drawn ahead of the steps.
BYTES_AT_ONCE = 2**26
# The smallest draw for which compiling an XLA program that draws it is worthwhile.
WORTH_XLA = 2**21


def training_graph(model: Any, fill_batches: bool = False) -> Any:
    """Make a copy of a model whose random layers can be fed with noise.

    Builders need no special layers. In the copy, the special layers replace Keras's
    own, also in nested models and wrappers.

    Args:
        model: The model. Its variables do not change.
        fill_batches: Whether batches with fewer rows than others are filled.
            Normalizations then have to ignore the filled rows.

    Returns:
        The copy, with variables like the model's, in the same order; or the model
        itself if no layer has to be replaced.

    Raises:
        ValueError: If a layer cannot ignore rows.
    """
    replaced = dict(FED_LAYERS)
    if fill_batches:
        replaced["BatchNormalization"] = PresentRowsNormalization
    names = {type(layer).__name__ for layer in model._flatten_layers()}
    graph = model
    if names & set(replaced) or any(map(is_seed, model.non_trainable_variables)):
        config = _with_layers(model.get_config(), replaced)
        # The copy's variables are never read: calls pass values for them.
        with keras.StatelessScope(initialize_variables=False):
            graph = type(model).from_config(config)
        initialize_waiting_variables()
    if fill_batches:
        _check_rows_apart(graph)
    return graph


def initialize_waiting_variables() -> None:
    """Initialize the variables of copies that were made without values.

    Keras initializes them at the end of the next outermost `StatelessScope`. If that
    scope is within a training program, the program creates variables, and TensorFlow
    traces such a program twice.
    """
    with keras.StatelessScope():
        pass


def is_seed(variable: keras.Variable) -> bool:
    """Return whether a variable is the state of a random layer.

    Example:

    >>> layer = keras.layers.Dropout(0.5)
    >>> [is_seed(variable) for variable in layer.non_trainable_variables]
    [True]
    """
    return variable.path.endswith("seed_generator_state")


def statistics(model: keras.Model) -> list[keras.Variable]:
    """Return the variables that are not trained, without states of random layers."""
    return [each for each in model.non_trainable_variables if not is_seed(each)]


def dropout_layers(model: keras.Model) -> list[Any]:
    """Return the dropout layers with noise: Keras's, and those that replace them."""
    kinds = (keras.layers.Dropout, FED_LAYERS["Dropout"])
    layers = [layer for layer in model._flatten_layers() if type(layer) in kinds]
    return [layer for layer in layers if layer.rate > 0]


def set_dropout_rates(model: keras.Model, rates: Mapping[str, float]) -> None:
    """Set the rates of a model's dropout layers by the layers' names."""
    for layer in dropout_layers(model):
        layer.rate = rates.get(layer.name, layer.rate)


def initial_seeds(graph: Any) -> dict[int, tf.Tensor]:
    """Return the initial states of random layers by position.

    Args:
        graph: The result of `training_graph`.
    """
    return {
        index: variable._initializer(tuple(variable.shape), dtype=variable.dtype)
        if variable._value is None
        else tf.convert_to_tensor(variable)
        for index, variable in enumerate(graph.non_trainable_variables)
        if is_seed(variable)
    }


class Noise:
    """The random numbers of a graph's steps, drawn outside of the steps.

    XLA and TensorFlow then use the same numbers, and XLA, which draws slowly, draws
    none. The numbers are the same as those that the layers would draw, step by step,
    from the states of their seed generators.

    Args:
        graph: The result of `training_graph`.
        run: A function of a number of rows that runs the graph forward in training, as
            many times as a step does. It is traced to record the draws.
        own_rates: The names of dropout layers whose rates differ between members.
    """

    def __init__(
        self, graph: Any, run: Callable[[int], Any], own_rates: Collection[str] = ()
    ) -> None:
        variables = graph.non_trainable_variables
        self._positions = {id(each): index for index, each in enumerate(variables)}
        self._run = run
        self._own_rates = own_rates
        self._draws: dict[int, list[Draw]] = {}
        fed = [
            layer.seed_generator.state
            for layer in graph._flatten_layers()
            if type(layer) in FED_LAYERS.values() and hasattr(layer, "seed_generator")
        ]
        #: Positions among the variables that are not trained: of the states of
        #: layers that are fed, and of those that draw for themselves.
        self.fed = sorted(self._positions[id(state)] for state in fed)
        self.inside = [
            index
            for index, each in enumerate(variables)
            if is_seed(each) and index not in self.fed
        ]

    def draws(self, rows: int) -> list[Draw]:
        """Return the draws of a step on a batch of `rows` rows, in order."""
        if rows not in self._draws:
            if not self.fed:
                self._draws[rows] = []
                return []
            with record_noise(self._own_rates) as draws:

                def run() -> None:
                    # TensorFlow may trace it twice.
                    draws.clear()
                    self._run(rows)

                # Traced only: nothing is computed.
                tf.function(run, autograph=False).get_concrete_function()
            self._draws[rows] = draws
        return self._draws[rows]

    def calls(self, rows: int) -> dict[int, int]:
        """Return the number of draws from each seed in a step, by position."""
        calls = dict.fromkeys(self.fed, 0)
        for draw in self.draws(rows):
            calls[self._positions[id(draw.seed)]] += 1
        return calls

    def steps_at_once(self, rows: int) -> int:
        """Return the number of steps whose numbers may be drawn at once."""
        size = sum(
            math.prod(draw.shape) * tf.as_dtype(draw.fed_dtype).size
            for draw in self.draws(rows)
        )
        return max(1, BYTES_AT_ONCE // max(size, 1))

    def draw(
        self, rows: int, states: Mapping[int, tf.Tensor], steps: int
    ) -> list[tf.Tensor]:
        """Draw the random numbers of some steps.

        Args:
            rows: The number of rows of a batch.
            states: The state of each seed before the first step, (2,), by position.
            steps: The number of steps.

        Returns:
            For each draw of a step, a tensor of shape (steps, ...) and of the dtype
            `Draw.fed_dtype`.
        """
        draws = self.draws(rows)
        if not draws:
            return []
        calls = self.calls(rows)
        first, each = [], []
        for draw in draws:
            position = self._positions[id(draw.seed)]
            state = states[position]
            first.append(state + tf.cast([0, draw.call], state.dtype))
            each.append(calls[position])
        increments = tf.stack([tf.zeros_like(each), each], axis=1)
        seeds = tf.stack(first)[None] + tf.cast(
            tf.range(steps)[:, None, None] * increments[None], first[0].dtype
        )
        seeds = _cast_seeds(seeds)
        return [
            _numbers_of_steps(draw, seeds[:, index], steps)
            for index, draw in enumerate(draws)
        ]


def noise_of(step: Any, own_rates: Collection[str] = ()) -> Noise:
    """Return the source of a step's random numbers.

    Args:
        step: A `BatchStep`.
        own_rates: See `Noise`.
    """
    graph, samples = step.model, step.weighting.samples

    def run(rows: int) -> None:
        zeros = [tf.zeros(each.shape, each.dtype) for each in graph.trainable_variables]
        others = [
            tf.zeros(each.shape, each.dtype) for each in graph.non_trainable_variables
        ]
        # As many runs as in the step: it may split a batch into independent parts.
        for first in range(samples):
            size = len(range(first, rows, samples))
            inputs = keras.tree.map_structure(
                lambda each, size=size: tf.zeros((size, *each.shape[1:]), each.dtype),
                graph.input,
            )
            graph.stateless_call(zeros, others, inputs, training=True)

    return Noise(graph, run, own_rates)


def _cast_seeds(seeds: tf.Tensor) -> tf.Tensor:
    # The cast that Keras's backend applies to a seed state before it draws.
    return tf.cast(tf.math.floormod(seeds, tf.int32.max - 1), tf.int32)


def _numbers_of_steps(draw: Draw, seeds: tf.Tensor, steps: int) -> tf.Tensor:
    """Return the random numbers of one draw for each step, (steps, ...)."""
    numbers = steps * math.prod(draw.shape)
    if draw.rate is not None and draw.dtype == "float32" and numbers >= WORTH_XLA:
        return uniform_reaches(seeds, draw.shape, draw.rate)
    if steps == 1:
        return _numbers(draw, seeds[0])[None]
    return tf.map_fn(
        lambda seed: _numbers(draw, seed),
        seeds,
        fn_output_signature=tf.TensorSpec(draw.shape, draw.fed_dtype),
    )


def _numbers(draw: Draw, seed: tf.Tensor) -> tf.Tensor:
    function = (
        tf.random.stateless_normal if draw.normal else tf.random.stateless_uniform
    )
    numbers = function(draw.shape, seed, dtype=draw.dtype)
    # Numbers drawn ahead of training then need one byte each, not four.
    return numbers if draw.rate is None else numbers >= draw.rate


def _with_layers(config: Any, others: Mapping[str, type[keras.layers.Layer]]) -> Any:
    """Replace the classes of Keras's own layers in a configuration."""
    if isinstance(config, (list, tuple)):
        return type(config)(_with_layers(part, others) for part in config)
    if not isinstance(config, dict):
        return config
    config = {key: _with_layers(part, others) for key, part in config.items()}
    other = others.get(str(config.get("class_name")))
    if other is not None and config.get("module") == "keras.layers":
        config |= {
            "module": other.__module__,
            "class_name": other.__name__,
            "registered_name": keras.saving.get_registered_name(other),
        }
    return config


def _check_rows_apart(model: keras.Model) -> None:
    for layer in model._flatten_layers():
        hidden = type(layer) is keras.layers.BatchNormalization
        regularised = getattr(layer, "activity_regularizer", None) is not None
        if hidden or regularised:
            reason = "an activity regularizer" if regularised else "no configuration"
            raise ValueError(
                "Invalid value received for argument `model`. Expected layers that "
                "can leave out the rows that fill up a batch. Received: the layer "
                f"{layer.name!r}, with {reason}. Choose a batch size that divides "
                "every member's number of rows."
            )
