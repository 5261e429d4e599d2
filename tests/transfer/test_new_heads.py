"""A new head on a trained trunk: what is kept, what is frozen, what learns."""

import keras
import numpy as np
import pandas as pd
import pytest

import keras_mtl
from keras_mtl.architectures import (
    ARCHITECTURES,
    average_members,
    build_architecture,
    build_hard_sharing,
)
from keras_mtl.architectures.solved import SolvedSettings
from keras_mtl.features import NumericFeature, learn_features
from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask
from keras_mtl.transfer import copy_trunk
from keras_mtl.transfer.trunk import trunks

NEW = BinaryTask("relapse", widths=(5,))
ROWS = 40


@pytest.fixture
def rows():
    generator = np.random.default_rng(1)
    inputs = generator.normal(size=(ROWS, 5)).astype("float32")
    return inputs, {"relapse": (inputs[:, 0] > 0).astype("float32")}


def values(trunk):
    return [np.array(weight) for weight in trunk.get_weights()]


def test_the_trunk_is_that_of_the_trained_model(make_model, rows):
    trained = make_model()
    model = keras_mtl.new_head(trained, NEW)
    represented = keras.Model(trained.input, trained.get_layer("trunk_2").output)
    np.testing.assert_allclose(
        model.get_layer("trunk")(rows[0]), represented(rows[0]), rtol=1e-6
    )
    assert [task.name for task in model.tasks] == ["relapse"]
    assert model.get_layer("relapse_1").units == 5


def test_a_frozen_trunk_stays_and_the_trained_model_too(make_model, rows):
    trained = make_model()
    before = trained.get_weights()
    model = keras_mtl.new_head(trained, NEW)
    trunk = model.get_layer("trunk")
    start, head = values(trunk), model.get_layer("relapse").get_weights()
    model.compile(keras.optimizers.AdamW(0.05, weight_decay=0.1))
    model.fit(*rows, epochs=3, verbose=0)
    for old, new in zip(start, values(trunk), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not np.array_equal(head[0], model.get_layer("relapse").get_weights()[0])
    for old, new in zip(before, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_an_unfrozen_trunk_learns_at_its_rate(make_model, rows):
    """With SGD an update is the rate times the gradient: the trunk's is a tenth."""
    moves = []
    for factor in (1.0, 0.1):
        model = keras_mtl.new_head(make_model(), NEW, freeze_trunk=False)
        keras.utils.set_random_seed(3)
        for layer in (model.get_layer("relapse_1"), model.get_layer("relapse")):
            layer.set_weights([np.full(w.shape, 0.1) for w in layer.get_weights()])
        start = values(model)
        model.compile(keras.optimizers.SGD(1.0), layer_rates={"trunk": factor})
        model.train_on_batch(*rows)
        moves.append([new - old for old, new in zip(start, values(model), strict=True)])
    trunk = len(values(model.get_layer("trunk")))
    for full, tenth in zip(moves[0][:trunk], moves[1][:trunk], strict=True):
        np.testing.assert_allclose(tenth, full / 10, rtol=1e-3, atol=1e-6)
        assert np.abs(full).max() > 1e-3
    for full, other in zip(moves[0][trunk:], moves[1][trunk:], strict=True):
        np.testing.assert_allclose(other, full, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_rate_holds_in_compiled_epochs_and_in_the_loop_of_keras(
    make_model, rows, optimizer
):
    """With a constant rate, the factor is that of the optimizer's learning rate."""
    ends = []
    for eager_way in (False, True):
        keras.utils.set_random_seed(0)
        model = keras_mtl.new_head(make_model(), NEW, freeze_trunk=False)
        chosen = keras.optimizers.get(optimizer)
        model.compile(chosen, layer_rates={"trunk": 0.25})
        x, y = rows
        if eager_way:
            for _ in range(3):
                model.train_on_batch(x, y)
        else:
            model.fit(x, y, epochs=3, batch_size=ROWS, shuffle=False, verbose=0)
        ends.append(model.get_weights())
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_unfreeze_leaves_normalizations_as_they_were(make_model, rows):
    model = keras_mtl.new_head(make_model(batch_norm=True), NEW)
    normalization = model.get_layer("trunk").get_layer("trunk_1_norm")
    start = values(normalization)
    keras_mtl.unfreeze(model)
    assert model.get_layer("trunk").trainable_variables
    model.compile("sgd", layer_rates={"trunk": 0.1})
    first = values(model.get_layer("trunk").get_layer("trunk_1"))
    model.fit(*rows, epochs=2, verbose=0)
    for old, new in zip(start, values(normalization), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not np.array_equal(
        first[0], values(model.get_layer("trunk").get_layer("trunk_1"))[0]
    )


def test_a_saved_model_has_its_trunk_and_rates(make_model, rows, tmp_path):
    model = keras_mtl.new_head(make_model(), NEW)
    model.compile("adam", layer_rates={"trunk": 0.1})
    model.fit(*rows, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(rows[0], verbose=0)["relapse"],
        model.predict(rows[0], verbose=0)["relapse"],
        rtol=1e-6,
    )
    assert not loaded.get_layer("trunk").trainable_variables
    keras_mtl.unfreeze(loaded)
    assert loaded.get_layer("trunk").trainable_variables


def test_each_member_of_an_ensemble_has_its_trunk_and_a_head(make_model, rows):
    members = [make_model(seed=seed) for seed in range(3)]
    model = keras_mtl.new_head(average_members(members), NEW)
    found = trunks(model)
    assert len(found) == 3
    for trunk, member in zip(found, members, strict=True):
        np.testing.assert_array_equal(
            trunk.get_layer("trunk_1").get_weights()[0],
            member.get_layer("trunk_1").get_weights()[0],
        )
    before = [values(trunk) for trunk in found]
    model.compile("adam")
    history = model.fit(*rows, epochs=5, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    for old, trunk in zip(before, found, strict=True):
        np.testing.assert_array_equal(old[0], values(trunk)[0])


def test_raw_features_come_along():
    frame = pd.DataFrame({"age": [40.0, 50.0, 70.0, np.nan], "dose": [1.0, 2, 3, 4]})
    features = learn_features([NumericFeature("age"), NumericFeature("dose")], frame)
    trained = build_hard_sharing(features, [BinaryTask("sick")], trunk=(6,))
    model = keras_mtl.new_head(trained, MulticlassTask("stage", classes=("a", "b")))
    assert model.features == trained.features
    arrays = keras_mtl.feature_arrays(model.features, frame)
    model.compile("adam")
    model.fit(arrays, {"stage": np.array([0.0, 1, 0, 1])}, verbose=0)
    assert model.predict(arrays, verbose=0)["stage"].shape == (4, 2)


def test_a_transferred_model_can_be_transferred_again(make_model, rows):
    once = keras_mtl.new_head(make_model(), NEW)
    twice = keras_mtl.new_head(once, RegressionTask("cost"))
    np.testing.assert_allclose(
        twice.get_layer("trunk")(rows[0]), once.get_layer("trunk")(rows[0]), rtol=1e-6
    )


def test_the_trunk_of_one_task_ends_before_its_head(rows):
    model = build_hard_sharing(5, [BinaryTask("sick", widths=(9,))], trunk=(8, 7))
    assert copy_trunk(model).output_shape == (None, 7)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_network_has_a_trunk(name, tasks, rows):
    settings = {"star": ":domain_columns=0,1"}.get(name, "")
    trained = build_architecture(f"{name}{settings}", 5, tasks)
    if issubclass(ARCHITECTURES.settings(name), SolvedSettings):
        with pytest.raises(ValueError, match="nothing but heads"):
            keras_mtl.new_head(trained, NEW)
        return
    model = keras_mtl.new_head(trained, NEW)
    model.compile("adam")
    model.fit(*rows, verbose=0)
    assert model.get_layer("trunk").count_params() > 0
    assert model.predict(rows[0], verbose=0)["relapse"].shape == (ROWS, 1)


def test_what_cannot_serve_is_refused(make_model):
    with pytest.raises(ValueError, match="nothing but heads"):
        keras_mtl.new_head(build_hard_sharing(5, [BinaryTask("a")], trunk=()), NEW)
    with pytest.raises(ValueError, match="no layer of the trunk"):
        keras_mtl.new_head(make_model(), BinaryTask("trunk_1"))
    with pytest.raises(ValueError, match="each name once"):
        keras_mtl.new_head(make_model(), [NEW, NEW])
    with pytest.raises(ValueError, match="Expected a model with a trunk"):
        keras_mtl.unfreeze(make_model())
    model = keras_mtl.new_head(make_model(), NEW)
    with pytest.raises(ValueError, match="Did you mean 'trunk'"):
        model.compile("adam", layer_rates={"trunck": 0.1})
    with pytest.raises(ValueError, match="a number of 0 or more"):
        model.compile("adam", layer_rates={"trunk": -1})
