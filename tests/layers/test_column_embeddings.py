"""Embeddings of numbers: what they add, and what they leave as it is."""

import keras
import numpy as np
import pytest

from keras_mtl.layers import IndexEmbedding, PeriodicEmbedding, PiecewiseEmbedding

ROWS = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
LAYERS = {
    "piecewise": lambda: PiecewiseEmbedding(
        [3, 1], [[-1.0, 0.0, 2.0], [-0.5, 0.5]], size=2
    ),
    "periodic": lambda: PeriodicEmbedding([3, 1], size=2, frequencies=5),
}


@pytest.fixture(params=LAYERS)
def layer(request):
    keras.utils.set_random_seed(0)
    return LAYERS[request.param]()


def with_random_weights(layer):
    layer.build((None, 4))
    generator = np.random.default_rng(1)
    layer.set_weights([generator.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def test_columns_stay_and_embeddings_follow(layer):
    found = np.asarray(with_random_weights(layer)(ROWS))
    assert found.shape == (40, 8) == (40, *layer.compute_output_shape((40, 4))[1:])
    np.testing.assert_array_equal(found[:, :4], ROWS)
    # Each embedding is a function of its own column alone.
    other = ROWS.copy()
    other[:, [0, 1, 2]] += 1
    changed = np.abs(np.asarray(layer(other)) - found).max(axis=0) > 1e-6
    assert changed.tolist() == [True, True, True, False, False, False, True, True]


def test_piecewise_shares_are_interpolated_ranks():
    edges = np.quantile(ROWS[:, 0], np.linspace(0, 1, 7))
    layer = PiecewiseEmbedding([0], [edges], size=1)
    layer.build((None, 4))
    # With equal steps it counts the bins below: what interpolation of them gives.
    layer.kernel.assign(np.ones(layer.kernel.shape))
    numbers = np.linspace(-20, 20, 101).astype("float32")
    inputs = np.tile(numbers[:, None], 4)
    expected = np.interp(numbers, edges, np.arange(7))
    np.testing.assert_allclose(layer(inputs)[:, 4], expected, atol=1e-5)


def test_a_piecewise_embedding_begins_as_nothing():
    assert np.all(np.asarray(LAYERS["piecewise"]()(ROWS))[:, 4:] == 0)


def test_waves_are_as_their_formula_says():
    layer = with_random_weights(LAYERS["periodic"]())
    frequency, phase, kernel, bias = layer.get_weights()
    x = ROWS[:, 1]
    waves = np.cos(2 * np.pi * np.outer(x, frequency[5:]) + phase[5:])
    expected = waves @ kernel[1] + bias[2:]
    np.testing.assert_allclose(layer(ROWS)[:, 6:], expected, rtol=1e-4, atol=1e-4)


def test_weight_decay_leaves_frequencies_phases_and_biases_alone():
    layer = LAYERS["periodic"]()
    layer.build((None, 4))
    decayed = [v.name for v in layer.trainable_variables if len(v.shape) > 1]
    assert decayed == ["kernel"]


def test_it_computes_in_single_precision_whatever_the_policy():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        layers = [with_random_weights(make()) for make in LAYERS.values()]
        found = [layer(ROWS) for layer in layers]
    finally:
        keras.config.set_dtype_policy(policy)
    for make, values in zip(LAYERS.values(), found, strict=True):
        expected = with_random_weights(make())(ROWS)
        np.testing.assert_array_equal(values, expected)


def test_it_is_saved_in_a_model(layer, tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, with_random_weights(layer)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(ROWS), model(ROWS))
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy(ROWS), model(ROWS))


def test_an_index_is_replaced_by_its_vector(tmp_path):
    inputs = keras.Input((4,))
    layer = IndexEmbedding([2, 0], counts=[5, 3], size=3)
    model = keras.Model(inputs, layer(inputs))
    table = np.arange(24.0, dtype="float32").reshape(8, 3)
    layer.table.assign(table)
    rows = np.array([[0, 0.5, 4, 7.0], [2, 1.5, 0, 8.0], [-1, 2.5, 99, 9.0]], "float32")
    first, second = table[[4, 0, 4]], table[[5, 7, 5]]
    expected = np.column_stack(
        [second[:, 0], rows[:, 1], first[:, 0], rows[:, 3], first[:, 1:], second[:, 1:]]
    )
    np.testing.assert_array_equal(model(rows), expected)
    assert layer.compute_output_shape((None, 4)) == (None, 8)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(rows), expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PeriodicEmbedding([]), "at least one position"),
        (lambda: PeriodicEmbedding([1, 1]), "each once"),
        (lambda: PeriodicEmbedding([0], size=0), "1 or more"),
        (lambda: PeriodicEmbedding([0], sigma=0.0), "above 0"),
        (lambda: IndexEmbedding([0], [0]), "for each of 1 columns"),
        (lambda: IndexEmbedding([0, 1], [5]), "for each of 2 columns"),
        (lambda: PiecewiseEmbedding([0], [[1.0]]), "two or more ascending"),
        (lambda: PiecewiseEmbedding([0], [[1.0, 1.0]]), "two or more ascending"),
        (lambda: PiecewiseEmbedding([0, 1], [[0.0, 1.0]]), "for each of 2 columns"),
    ],
)
def test_wrong_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
