"""The copy of a model that training programs call."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_mtl.engine.training_graph import training_graph
from keras_mtl.training._initial_values import initial_values


def _model():
    layers = [keras.layers.Dense(2), keras.layers.Dropout(0.5)]
    return keras.Sequential([keras.Input((3,)), *layers])


@pytest.mark.parametrize("make_copies", [training_graph, initial_values])
def test_a_program_after_copies_were_made_is_traced_once(make_copies):
    model = _model()
    if make_copies is initial_values:
        initial_values(model, 0, [0, 1])
        graph = model
    else:
        graph = training_graph(model)
    weights = [each.numpy() for each in model.trainable_variables]
    others = [each.numpy() for each in model.non_trainable_variables]
    traces = []

    @tf.function(autograph=False)
    def program(x):
        traces.append(x.shape)
        return graph.stateless_call(weights, others, x, training=False)[0]

    x = np.ones((4, 3), "float32")
    first = program(tf.constant(x))
    np.testing.assert_allclose(program(tf.constant(x)), first)
    assert len(traces) == 1
