"""The shares of idle units are those that numpy counts."""

import keras
import numpy as np
import pandas as pd
import pytest

from keras_mtl.analysis import UnitActivity, activity_sentences, unit_activity
from keras_mtl.architectures import average_members, build_hard_sharing
from keras_mtl.architectures.regressors import build_regressor, regressor_trunk
from keras_mtl.tasks import BinaryTask, RegressionTask

ROWS = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")


def shares(activity: pd.DataFrame, layer: str) -> list[float]:
    row = activity.set_index("layer").loc[layer]
    return [float(row[key]) for key in ("zero", "no_gradient", "saturated")]


def shifted(activation, shifts, scale=1.0):
    """A layer whose units see the rows at different places."""
    dense = keras.layers.Dense(len(shifts), activation, name="hidden")
    model = keras.Sequential([keras.Input((3,)), dense])
    kernel, _ = dense.get_weights()
    dense.set_weights([scale * kernel, np.array(shifts)])
    return model, ROWS @ (scale * kernel) + np.array(shifts, "float32")


@pytest.mark.parametrize("seed", range(3))
def test_relu_as_counted_by_numpy(seed):
    keras.utils.set_random_seed(seed)
    model, before = shifted("relu", np.linspace(-9, 3, 40))
    dead = (before <= 0).all(axis=0).mean()
    assert 0 < dead < 1
    activity = unit_activity(model, ROWS)
    assert activity["units"].tolist() == [40]
    assert shares(activity, "hidden") == pytest.approx([dead, dead, 0])


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_saturated_units_as_counted_by_numpy(activation):
    model, before = shifted(activation, np.linspace(-20, 20, 41))
    low, high = (-0.98, 0.98) if activation == "tanh" else (0.01, 0.99)
    after = np.tanh(before) if activation == "tanh" else 1 / (1 + np.exp(-before))
    saturated = ((after < low) | (after > high)).all(axis=0).mean()
    assert 0 < saturated < 1
    assert shares(unit_activity(model, ROWS), "hidden")[2] == pytest.approx(saturated)


def test_a_unit_that_answers_one_number_has_no_gradient_but_is_not_zero():
    model, before = shifted("relu6", [-50.0, 50.0, 0.0])
    zero, no_gradient, _ = shares(unit_activity(model, ROWS), "hidden")
    assert (before[:, 1] > 6).all()
    assert (zero, no_gradient) == pytest.approx((1 / 3, 2 / 3))


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Activation("relu", name="act"),
        keras.layers.ReLU(name="act"),
        keras.layers.LeakyReLU(negative_slope=0.0, name="act"),
        keras.layers.PReLU(name="act"),
    ],
)
def test_activation_layers_count_like_activations_of_dense_layers(layer):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(20), layer])
    kernel, _ = model.layers[0].get_weights()
    shifts = np.linspace(-9, 3, 20)
    model.layers[0].set_weights([kernel, shifts])
    dead = (ROWS @ kernel + shifts <= 0).all(axis=0).mean()
    assert dead > 0
    assert shares(unit_activity(model, ROWS), "act") == pytest.approx([dead, dead, 0])


def test_leaky_relu_is_never_without_gradient():
    activity = unit_activity(build_regressor(), ROWS[:, :1])
    assert activity["activation"].unique().tolist() == ["leaky_relu"]
    assert activity[["zero", "no_gradient", "saturated"]].to_numpy().sum() == 0


def test_batches_do_not_change_the_shares():
    model, _ = shifted("relu", np.linspace(-9, 3, 40))
    pd.testing.assert_frame_equal(
        unit_activity(model, ROWS, batch_size=7), unit_activity(model, ROWS)
    )


def test_channels_of_images_are_units():
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Conv2D(5, 3, activation="relu", name="c")]
    )
    model.layers[0].set_weights(
        [np.ones((3, 3, 1, 5)), np.array([-100.0, 0, 0, 0, -100])]
    )
    images = np.ones((4, 6, 6, 1), "float32")
    assert shares(unit_activity(model, images), "c") == pytest.approx([0.4, 0.4, 0])


def test_linear_layers_and_softmax_are_left_out():
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2, "softmax")]
    )
    assert unit_activity(model, ROWS).empty


def test_sees_into_ensembles_and_leaves_the_model_as_it_was():
    tasks = [RegressionTask("y"), BinaryTask("b", widths=(4,))]
    members = [
        build_hard_sharing(3, tasks, trunk=regressor_trunk((8,), features=3))
        for _ in range(2)
    ]
    model = average_members(members)
    before = model.predict(ROWS, verbose=0)
    names = unit_activity(model, ROWS)["layer"].tolist()
    assert [name for name in names if name.endswith("/activation_1")] == [
        f"member_{index}/regressor_trunk/activation_1" for index in (0, 1)
    ]
    after = model.predict(ROWS, verbose=0)
    assert {name: answers.tolist() for name, answers in before.items()} == {
        name: answers.tolist() for name, answers in after.items()
    }
    head = members[0].get_layer("b_1")
    assert head.activation is keras.activations.relu
    layer = members[0].get_layer("regressor_trunk").get_layer("activation_1")
    assert "call" not in vars(layer)


def test_no_rows_are_refused():
    model, _ = shifted("relu", [0.0])
    with pytest.raises(ValueError, match="at least one row"):
        unit_activity(model, ROWS[:0])


def test_sentences_add_the_members_up_and_are_silent_when_all_is_well():
    columns = ["layer", "activation", "units", "zero", "no_gradient", "saturated"]
    table = pd.DataFrame(
        [
            ["member_0/core/trunk_1", "relu", 4, 0.25, 0.25, 0.0],
            ["member_1/core/trunk_1", "relu", 4, 0.5, 0.5, 0.0],
            ["head", "tanh", 10, 0.0, 0.0, 0.3],
            ["other", "gelu", 10, 0.0, 0.0, 0.0],
        ],
        columns=columns,
    )
    assert activity_sentences(table) == [
        "trunk_1: 3 of 8 relu units (37.5%) answer zero on all rows.",
        "head: 3 of 10 tanh units (30.0%) are saturated on all rows.",
    ]
    assert activity_sentences(table.iloc[3:]) == []


def test_callback_records_what_the_function_says():
    model, _ = shifted("relu", np.linspace(-9, 3, 40))
    model.compile("sgd", "mse")
    callback = UnitActivity(ROWS)
    history = model.fit(
        ROWS, np.zeros((50, 40)), epochs=3, verbose=0, callbacks=[callback]
    ).history
    now = unit_activity(model, ROWS)
    assert history["zero_units"][-1] == pytest.approx(now["zero"][0])
    assert len(history["no_gradient_units"]) == len(history["saturated_units"]) == 3
    assert callback.table["epoch"].tolist() == [1, 2, 3]
    assert callback.table.iloc[-1][list(now.columns)].tolist() == now.iloc[0].tolist()


def test_callback_may_look_now_and_then():
    model, _ = shifted("relu", [-50.0, 0.0])
    model.compile("sgd", "mse")
    callback = UnitActivity(ROWS, every=2)
    history = model.fit(
        ROWS, np.zeros((50, 2)), epochs=3, verbose=0, callbacks=[callback]
    ).history
    assert callback.table["epoch"].tolist() == [1, 3]
    assert len(history["zero_units"]) == 3
    with pytest.raises(ValueError, match="every=0"):
        UnitActivity(ROWS, every=0)
