"""A model's steps on rows in memory, many of them in one call."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_mtl.metrics import VectorMetric
from keras_mtl.training.batch import Batch
from keras_mtl.training.compiled_training import CompiledTraining
from keras_mtl.training.model_graph import row_size
from keras_mtl.training.random_states import is_seed

__all__ = ["EpochProgram"]

# XLA takes two to four seconds to compile the steps of a small network, and each
# then takes a fifth of the time. Short fits do without.
STEPS_WORTH_XLA = 400

# So many numbers may the layers' outputs have in an evaluation, at least.
NUMBERS_AT_ONCE = 2**22

Logs = dict[str, Any]


class EpochProgram:
    """Runs the steps of a compiled model with no Python between them.

    Keras calls a compiled function for each batch, which for a small network
    takes many times as long as the batch itself. Here the loop over batches is
    inside the function. Each turn is the model's own `train_step` on the
    model's own variables, so that nothing else differs.

    Args:
        model: The compiled model.
        training: What `compile` added to it.
        jit_compile: Whether XLA compiles the loop: True, False or `"auto"`,
            which does so where it pays.
    """

    def __init__(
        self, model: Any, training: CompiledTraining, jit_compile: bool | str = "auto"
    ) -> None:
        self.model = model
        self.training = training
        self.jit_compile = jit_compile
        self.planned_steps = 0
        self._built = False
        # By kind of program: the names of the numbers that it gives as one tensor.
        self._names: dict[str, list[str]] = {}
        self._train_in_xla = self._function(self._train_full, jit_compile=True)
        self._train_in_graph = self._function(self._train_any)
        self._evaluate = self._function(self._test)
        # At once, not by one assignment after the other.
        self.reset_metrics = self._function(lambda: model.reset_metrics())

    def build(self, rows: Batch) -> None:
        """Makes the variables that Keras makes at the first batch."""
        if self._built:
            return
        model = self.model
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        # A compiled function can't make variables: a row goes through without.
        model.test_on_blocks(rows.take(np.arange(1)))
        model.reset_metrics()
        self._built = True

    def plan(self, steps: int) -> None:
        """Is told how many steps more are to come."""
        self.planned_steps += steps

    def train(
        self, rows: Batch, order: tf.Tensor, batch_size: int, first: int, last: int
    ) -> tuple[int, Logs]:
        """Makes an update with each of some batches.

        Args:
            rows: All rows.
            order: The rows' numbers, (N,): batch i begins at i * batch_size.
            batch_size: The rows of a batch; the last one may have fewer.
            first: The first batch.
            last: The batch after the last one.

        Returns:
            The batch after the last one that was used, sooner if one has made
            a loss NaN or infinite; and the metrics so far.
        """
        reached, logs = first, {}
        for program, end in self._parts(order, batch_size, first, last):
            if reached < end:
                bounds = [tf.constant(reached, tf.int32), tf.constant(end, tf.int32)]
                stopped, *result = program(rows, order, batch_size, *bounds)
                reached, logs = int(stopped), self._logs("train", *result)
            if reached < end:
                break
        return reached, logs

    def evaluate(self, rows: Batch, batch_size: int) -> Logs:
        """Returns the metrics on rows, means over all of them.

        Args:
            rows: The rows.
            batch_size: How many go through the model at once, at least.
        """
        at_once = max(batch_size, NUMBERS_AT_ONCE // self._row_size)
        return self._logs("test", *self._evaluate(rows, tf.constant(at_once)))

    @cached_property
    def _row_size(self) -> int:
        return row_size(self.model, inside_stacks=True)

    def _parts(self, order, batch_size, first, last):
        """Gives the programs, each with the batch at which it ends."""
        # XLA's shapes are fixed: a last batch with fewer rows is left to the other.
        full = min(last, int(order.shape[0]) // batch_size)
        if first < full and self._xla_pays():
            yield self._train_in_xla, full
        yield self._train_in_graph, last

    def _train_full(self, rows, order, batch_size, first, last):
        def batch(start):
            return tf.slice(order, [start], [batch_size])

        return self._train(rows, batch, batch_size, first, last)

    def _train_any(self, rows, order, batch_size, first, last):
        def batch(start):
            return order[start : start + batch_size]

        return self._train(rows, batch, batch_size, first, last)

    def _train(self, rows, batch, batch_size, first, last):
        def one_step(index):
            self.model.train_on_blocks(rows.take(batch(index * batch_size)))
            return (index + 1,)

        reached = tf.while_loop(
            lambda index: (index < last) & self.training.losses_are_finite(),
            one_step,
            (first,),
            parallel_iterations=1,
        )
        return reached[0], *self._result("train")

    def _test(self, rows, at_once):
        count = rows.row_count
        self.model.reset_metrics()

        def one_step(start):
            index = tf.range(start, tf.minimum(start + at_once, count))
            self.model.test_on_blocks(rows.take(index))
            return (start + at_once,)

        tf.while_loop(
            lambda start: start < count,
            one_step,
            (tf.constant(0),),
            parallel_iterations=1,
        )
        return self._result("test")

    def _function(self, function, **settings):
        if self.model.run_eagerly:
            return function
        return tf.function(function, autograph=False, **settings)

    def _result(self, kind):
        """Returns the metrics: numbers as one tensor, what is none as it is."""
        names, values, others = [], [], {}
        for metric in self.model.metrics:
            if isinstance(metric, VectorMetric):
                names += metric.names
                values.append(metric.vector())
                continue
            result = metric.result()
            named = result if isinstance(result, dict) else {metric.name: result}
            for name, value in named.items():
                value = tf.convert_to_tensor(value)
                if value.shape.rank:
                    others[name] = value
                else:
                    names.append(name)
                    values.append(tf.cast(value, tf.float32)[None])
        self._names[kind] = names
        return tf.concat(values, axis=0), others

    def _logs(self, kind, numbers, others) -> Logs:
        named = zip(self._names[kind], numbers.numpy().tolist(), strict=True)
        return dict(named) | others

    def _xla_pays(self) -> bool:
        if self.model.run_eagerly:
            return False
        if self.jit_compile != "auto":
            return bool(self.jit_compile)
        return self.planned_steps >= STEPS_WORTH_XLA and self._xla_suits

    @cached_property
    def _xla_suits(self) -> bool:
        """Whether XLA takes the model, and makes it faster.

        On CPUs it takes several times as long as TensorFlow's own kernels for
        random numbers, which dropout needs in each step, and for convolutions
        within a loop.
        """
        random = any(map(is_seed, self.model.non_trainable_variables))
        slow = any(
            hasattr(layer, "kernel_size") or isinstance(layer, keras.layers.RNN)
            for layer in self.model._flatten_layers()
        )
        return not random and not slow and _supports_xla(self.model)


def _supports_xla(model: keras.Model) -> bool:
    # Keras looks at the layers when it is asked to compile.
    before = model.jit_compile
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.jit_compile = True
    supported = model.jit_compile
    model.jit_compile = before
    return bool(supported)
