"""A narrow member is trained as a network of its own widths."""

import keras
import numpy as np
import pytest

from keras_mtl.architectures import build_cross_stitch, build_hard_sharing
from keras_mtl.errors import UserError
from keras_mtl.tasks import BinaryTask, RegressionTask
from keras_mtl.training import (
    MemberSettings,
    TrainingSettings,
    can_be_narrowed,
    fit_members,
    members,
)

WIDE = {"trunk_1": 8, "trunk_2": 6, "sick_1": 5}
NARROW = {"trunk_1": 3, "trunk_2": 6, "sick_1": 2}
SETTINGS = TrainingSettings(
    epochs=3, batch_size=16, learning_rate=0.01, weight_decay=0.1, patience=2
)


def _build(widths, activation="gelu", batch_norm=False):
    tasks = (
        BinaryTask("sick", widths=(widths["sick_1"],)),
        RegressionTask("age", mean=0.0, scale=1.0),
    )
    trunk = (widths["trunk_1"], widths["trunk_2"])
    return build_hard_sharing(
        4, tasks, trunk=trunk, activation=activation, batch_norm=batch_norm
    )


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(50, 4)).astype("float32")
    sick = (inputs[:, 0] > 0).astype("float32")
    sick[::7] = np.nan
    return inputs, {"sick": sick, "age": inputs[:, 1] * 2}


def _fit(model, data, own, rows):
    validation = [np.arange(40, 50)] * len(rows)
    return fit_members(
        model, *data, SETTINGS, rows=rows, validation_rows=validation, own=own
    )


def test_a_narrow_member_ends_where_its_own_network_ends(data, monkeypatch):
    rows = [np.arange(40)] * 2
    widths = {name: [NARROW[name], WIDE[name]] for name in WIDE}
    joined = _fit(_build(WIDE), data, MemberSettings(widths=widths), rows)
    wide_alone = _fit(_build(WIDE), data, MemberSettings(numbers=[1]), rows[:1])
    alone = _build(NARROW)
    whole = members.initial_values(_build(WIDE), 0, [0])
    scaled = members.narrow_weights(
        _build(WIDE), whole.weights, {name: [NARROW[name]] for name in WIDE}
    )
    cropped = whole._replace(
        weights=[
            value[(slice(None), *map(slice, variable.shape))]
            for value, variable in zip(scaled, alone.trainable_variables, strict=True)
        ]
    )
    monkeypatch.setattr(members, "initial_values", lambda *arguments: cropped)
    narrow_alone = _fit(alone, data, MemberSettings(numbers=[0]), rows[:1])
    for name, values in joined.history.items():
        for member, own in enumerate((narrow_alone, wide_alone)):
            np.testing.assert_allclose(
                values[:, member], own.history[name][:, 0], rtol=1e-4, atol=1e-6
            )
    for name in ("sick", "age"):
        np.testing.assert_allclose(
            joined.members[0](data[0])[name],
            narrow_alone.members[0](data[0])[name],
            atol=1e-5,
        )


def test_a_narrow_member_begins_at_the_scale_of_its_own_width():
    narrow = {name: [1] for name in WIDE}
    model = _build(WIDE)
    drawn = members.initial_values(model, 0, [0]).weights
    kernel = members.narrow_weights(model, drawn, narrow)[0][0]
    # Glorot's limit, the square root of 6 / (inputs + outputs).
    np.testing.assert_allclose(
        kernel[:, 0], drawn[0][0][:, 0] * np.sqrt((4 + 8) / (4 + 1)), rtol=1e-6
    )
    assert not kernel[:, 1:].any()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"trunk_9": [1]}, "Received: 'trunk_9'"),
        ({"trunk_1": [9]}, "from 1 to the layer's 8 units"),
    ],
)
def test_widths_that_cannot_be_are_refused(data, change, part):
    with pytest.raises(UserError, match="widths") as caught:
        _fit(_build(WIDE), data, MemberSettings(widths=change), [np.arange(40)])
    assert part in str(caught.value)


def test_what_would_revive_a_unit_cannot_be_narrowed():
    names = list(WIDE)
    assert can_be_narrowed(_build(WIDE), names)
    assert not can_be_narrowed(_build(WIDE, activation="sigmoid"), names)
    assert not can_be_narrowed(_build(WIDE, batch_norm=True), names)
    stitched = build_cross_stitch(4, _build(WIDE).tasks)
    assert not can_be_narrowed(stitched, names)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, name="trunk_1")(inputs)
    joined = keras.layers.Concatenate()([hidden, inputs])
    other = keras.Model(inputs, keras.layers.Dense(1)(joined))
    assert not can_be_narrowed(other, ["trunk_1"])


def test_a_member_that_breaks_leaves_the_others_alone(data):
    rows = [np.arange(40)] * 2
    own = MemberSettings(learning_rate=[1e37, 0.01], numbers=[0, 1])
    broken = fit_members(
        _build(WIDE),
        *data,
        SETTINGS,
        rows=rows,
        validation_rows=rows,
        own=own,
        raise_on_failure=False,
    )
    alone = _fit_second(data, rows)
    assert not np.isfinite(broken.history["val_loss"][:, 0]).all()
    np.testing.assert_allclose(
        broken.history["val_loss"][:, 1], alone.history["val_loss"][:, 0], rtol=1e-4
    )


def _fit_second(data, rows):
    own = MemberSettings(numbers=[1])
    return fit_members(
        _build(WIDE), *data, SETTINGS, rows=rows[:1], validation_rows=rows[:1], own=own
    )
