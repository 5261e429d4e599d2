"""Trained layers between the features and any architecture."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import keras_mtl as km
from keras_mtl.architectures import build_architecture, join_encoder
from keras_mtl.blocks.variable_groups import group_variables
from keras_mtl.features import (
    build_encoder,
    encode_frame,
    feature_arrays,
    feature_tensors,
    learn_features,
)
from keras_mtl.layers import HeadStack
from keras_mtl.training import TrainingSettings, fit_members
from keras_mtl.transfer.trunk import copy_trunk

ROWS = 400
GENERATOR = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "site": GENERATOR.choice(["a", "b", "c"], ROWS),
        "age": GENERATOR.normal(50, 10, ROWS).round(1),
        "dose": GENERATOR.exponential(2, ROWS),
        "count": GENERATOR.integers(0, 4, ROWS),
    }
)
for _column in ("town", "street"):
    FRAME[_column] = [f"w{number}" for number in GENERATOR.integers(0, 40, ROWS)]
FRAME.loc[::9, "age"] = None
LABELS = {
    "far": (np.abs(FRAME["dose"] - 1.4) > 0.8).to_numpy("float32"),
    "cost": np.sin(3 * FRAME["dose"]).to_numpy("float32"),
}
TASKS = (km.BinaryTask("far", widths=(3,)), km.RegressionTask("cost"))
COMMON = km.ArchitectureSettings(trunk=(8,), input_dropout=0.1)


def learned(embedding, frame=FRAME):
    declared = [
        km.CategoricalFeature("town", encoding="embedding"),
        km.HashedFeature("street", buckets=20),
        km.CategoricalFeature("site"),
        *[km.NumericFeature(n, embedding=embedding) for n in ("age", "dose", "count")],
    ]
    return learn_features(declared, frame)


def build(features, architecture="hard-sharing", tasks=TASKS, common=COMMON):
    keras.utils.set_random_seed(0)
    encoder = build_encoder(features)
    return build_architecture(
        architecture, encoder.output_shape[-1], tasks, common, features
    )


def encoded(features):
    return encode_frame(build_encoder(features), features, FRAME)


@pytest.mark.parametrize(
    ("embedding", "architecture"),
    [
        ("ple", "hard-sharing"),
        pytest.param("pbld", "mmoe:experts=2", marks=pytest.mark.slow),
        pytest.param("ple", "star:domain=site", marks=pytest.mark.slow),
    ],
)
def test_it_is_trained_saved_and_served_as_one_model(embedding, architecture, tmp_path):
    features = learned(embedding)
    core = build(features, architecture)
    matrix = encoded(features)
    settings = TrainingSettings(members=2, epochs=2, batch_size=64)
    fit = fit_members(core, matrix, LABELS, settings, seed=0)
    # Levels tell of a count what an embedding would.
    (layer,) = [
        each
        for each in core.layers
        if each.name in ("inputs.piecewise", "inputs.periodic")
    ]
    names = [name for each in features for name in each.encoded_names]
    assert [names[column] for column in layer.columns] == ["age", "dose"]
    # It is the column that the domains, the sites, are looked up in.
    assert names[2].startswith("site")
    assert core.get_layer("inputs.indices").columns == [0, 1]
    core = fit.members[1]
    core.name = "core"
    model = join_encoder(build_encoder(features), core, features)
    raw = feature_tensors(feature_arrays(features, FRAME.iloc[:20]))
    expected = core(matrix[:20])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    model.export(tmp_path / "served", verbose=False)
    bundle = tf.saved_model.load(str(tmp_path / "served"))
    served = bundle.serve(raw)
    for name in LABELS:
        np.testing.assert_allclose(loaded(raw)[name], expected[name], atol=1e-5)
        np.testing.assert_allclose(served[name], expected[name], atol=1e-5)


@pytest.mark.slow
def test_a_member_learns_the_same_alone_and_among_others():
    features = learned("ple")
    core, matrix = build(features), encoded(features)
    losses = [
        fit_members(
            core,
            matrix,
            LABELS,
            TrainingSettings(members=members, epochs=3, batch_size=64),
            seed=0,
        ).history["loss"][:, 0]
        for members in (1, 2)
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


@pytest.mark.slow
def test_xla_trains_all_layers_as_tensorflow_does():
    features = learned("ple")
    core = build(features, common=COMMON.replace(input_scaling=True))
    settings = TrainingSettings(members=2, epochs=2, batch_size=64)
    losses = [
        fit_members(
            core, encoded(features), LABELS, settings, seed=0, jit_compile=compiled
        ).history["loss"]
        for compiled in (False, True)
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


def test_a_network_without_hidden_layers_bends_where_a_linear_one_cannot():
    loss = {}
    for embedding in ("none", "ple"):
        features = learned(embedding)
        core = build(features, common=km.ArchitectureSettings(trunk=()), tasks=TASKS)
        settings = TrainingSettings(epochs=40, batch_size=32, learning_rate=0.02)
        fit = fit_members(core, encoded(features), LABELS, settings, seed=0)
        loss[embedding] = fit.history["cost_loss"][-1, 0]
    assert loss["ple"] < 0.3 * loss["none"]


@pytest.mark.parametrize(
    "architecture", ["hard-sharing", pytest.param("mmoe", marks=pytest.mark.slow)]
)
def test_factors_of_columns_begin_as_1_and_are_trained(architecture):
    common = COMMON.replace(input_scaling=True, input_dropout=0.0)
    core = build(learned("pbld"), architecture, common=common)
    layer = core.get_layer("inputs.scaling")
    width = layer.output.shape[-1]
    np.testing.assert_array_equal(layer.factor, np.ones(width))
    settings = TrainingSettings(epochs=1, batch_size=64, weight_decay=10.0)
    fit = fit_members(core, encoded(learned("pbld")), LABELS, settings, seed=0)
    factors = np.asarray(fit.members[0].get_layer("inputs.scaling").factor)
    # Weight decay would have taken them all down alike.
    assert 0 < np.abs(factors - 1).max() < 0.1
    assert (factors > 1).any()
    with pytest.raises(km.UserError, match="input_scaling: expected false"):
        build(learned("none"), "star:domain=site", common=common)


def test_the_graph_stays_one_whatever_stands_in_front():
    tasks = [km.BinaryTask(f"t{index}", widths=(3,)) for index in range(9)]
    model = build(learned("ple"), tasks=tasks)
    assert any(isinstance(layer, HeadStack) for layer in model.layers)
    groups = group_variables(model)
    shared = {model.trainable_variables[i].path for i in groups.shared}
    assert any(path.endswith("inputs.piecewise/kernel") for path in shared)
    trunk = copy_trunk(model)
    assert "inputs.piecewise" in [layer.name for layer in trunk.layers]


def test_edges_lie_where_the_encoder_puts_quantiles():
    features = learned("ple")
    model = build(features)
    layer = model.get_layer("inputs.piecewise")
    dose = encoded(features)[:, layer.columns[1]]
    below = np.searchsorted(np.sort(dose), layer.edges[1]) / ROWS
    assert len(layer.edges[1]) == 49
    np.testing.assert_allclose(below, np.linspace(0, 1, 49), atol=0.01)


def test_numbers_that_do_not_vary_have_no_bins():
    frame = FRAME.assign(age=7.0, dose=np.nan, count=1.5)
    features = learned("ple", frame)
    assert "inputs.piecewise" not in [layer.name for layer in build(features).layers]


def test_raw_features_of_a_builder_get_their_layers_too():
    model = km.build_hard_sharing(learned("pbld"), list(TASKS), trunk=(4,))
    names = [layer.name for layer in model.layers[-1]._flatten_layers()]
    assert "inputs.periodic" in names
