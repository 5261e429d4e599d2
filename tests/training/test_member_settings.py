"""What members have of their own: each ends where plain settings end alone."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_mtl.architectures import average_members, build_hard_sharing
from keras_mtl.engine.rows import batch_order
from keras_mtl.engine.training_graph import dropout_layers
from keras_mtl.errors import UserError
from keras_mtl.tasks import BinaryTask, MulticlassTask
from keras_mtl.training import MemberSettings, TrainingSettings, fit_members

ROWS, SEED = 54, 3
# The last batch has six rows.
PLAIN = TrainingSettings(
    epochs=3, batch_size=16, learning_rate=0.01, weight_decay=0.1, schedule="cosine"
)
TASKS = (MulticlassTask("kind", classes=("a", "b"), widths=(4,)), BinaryTask("sick"))
COUNTS = np.random.default_rng(7).integers(0, 3, (1, ROWS)).astype("float32")
RATES = {"trunk_1_dropout": 0.6, "trunk_2_dropout": 0.1}
# By what a member has of its own: the settings that say the same for one alone.
ALONE = {
    "learning_rate": {"settings": {"learning_rate": 0.05}},
    "weight_decay": {"settings": {"weight_decay": 3.0}},
    "dropout": {"rates": RATES},
    "loss_weights": {"loss_weight": 4.0},
    "row_weights": {"own": MemberSettings(row_weights=COUNTS)},
    "numbers": {"own": MemberSettings(numbers=[4])},
}


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(ROWS, 5)).astype("float32")
    kind = (inputs[:, 0] > 0).astype("float32")
    kind[::3] = np.nan
    return inputs, {"kind": kind, "sick": (inputs[:, 1] > 0).astype("float32")}


def _build(rates=None, loss_weight=1.0, dropout=0.3, batch_norm=True):
    tasks = (TASKS[0], TASKS[1].replace(loss_weight=loss_weight))
    model = build_hard_sharing(
        5, tasks, trunk=(8, 7), dropout=dropout, batch_norm=batch_norm
    )
    for layer in dropout_layers(model):
        layer.rate = (rates or {}).get(layer.name, layer.rate)
    return model


def _weights(model):
    # The states of random layers are not trained.
    return [
        value.numpy() for value in model.weights if "seed_generator" not in value.path
    ]


def _distance(model, other):
    pairs = zip(_weights(model), _weights(other), strict=True)
    return max(np.abs(one - another).max() for one, another in pairs)


@pytest.fixture(scope="module")
def together(data):
    """Member 0 has nothing of its own, each of the others one thing."""
    names = list(ALONE)

    def column(name, common, own):
        return [common] + [own if name == each else common for each in names]

    own = MemberSettings(
        learning_rate=column("learning_rate", 0.01, 0.05),
        weight_decay=column("weight_decay", 0.1, 3.0),
        dropout={layer: column("dropout", 0.3, rate) for layer, rate in RATES.items()},
        loss_weights={"sick": column("loss_weights", 1.0, 4.0)},
        row_weights=np.stack(column("row_weights", np.ones(ROWS), COUNTS[0])),
        numbers=column("numbers", 0, 4),
    )
    return fit_members(_build(), *data, PLAIN, seed=SEED, own=own)


@pytest.mark.parametrize("name", ALONE)
def test_a_member_with_its_own_ends_as_alone_with_plain_settings(together, data, name):
    index = 1 + list(ALONE).index(name)
    alone = dict(ALONE[name])
    settings, own = PLAIN.replace(**alone.pop("settings", {})), alone.pop("own", None)
    fit = fit_members(_build(**alone), *data, settings, seed=SEED, own=own)
    assert _distance(together.members[index], fit.members[0]) < 1e-5
    assert _distance(together.members[index], together.members[0]) > 1e-3
    for column, values in fit.history.items():
        np.testing.assert_allclose(
            together.history[column][:, index], values[:, 0], rtol=1e-4
        )
    rates = {
        layer.name: layer.rate
        for layer in together.members[index].layers
        if isinstance(layer, keras.layers.Dropout)
    }
    common = dict.fromkeys(RATES, 0.3)
    assert rates == (common | RATES if name == "dropout" else common)


@pytest.mark.parametrize("given", [{"batch_norm": True}, {"weights": True}], ids=str)
def test_a_member_ends_as_keras_ends_with_the_batches(data, given):
    """The last batch's six rows are all that a plain batch of six sees."""
    inputs, labels = data
    weights = COUNTS[0] if "weights" in given else np.ones(ROWS, "float32")
    own = MemberSettings(row_weights=COUNTS) if "weights" in given else None
    model = _build(dropout=0.0, batch_norm="batch_norm" in given)
    settings = TrainingSettings(epochs=2, batch_size=16, learning_rate=0.01)
    member = fit_members(model, *data, settings, seed=SEED, own=own).members[0]
    still = settings.replace(epochs=1, learning_rate=1e-30)
    again = fit_members(model, *data, still, seed=SEED).members[0]
    for layer in again.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(keras.ops.zeros_like(layer.moving_mean))
            layer.moving_variance.assign(keras.ops.ones_like(layer.moving_variance))
    again.compile(keras.optimizers.Adam(0.01))
    generator = [np.random.default_rng((SEED, 0))]
    for _ in range(2):
        rows = batch_order([np.arange(ROWS)], 16, generator)[0].ravel()
        rows = rows[rows >= 0]
        again.fit(
            inputs[rows],
            {name: values[rows] for name, values in labels.items()},
            sample_weight=weights[rows],
            batch_size=16,
            shuffle=False,
            verbose=0,
        )
    assert _distance(member, again) < 1e-5


@pytest.mark.slow
def test_members_under_xla_end_as_without(data):
    members = 8
    own = MemberSettings(learning_rate=np.geomspace(1e-3, 0.03, members))
    rows = [np.arange(k % 3, 40) for k in range(members)]
    fits = [
        fit_members(
            _build(dropout=0.0),
            *data,
            PLAIN.replace(epochs=4, patience=1, watch_conflict=True),
            rows=rows,
            validation_rows=[np.arange(40, ROWS)] * members,
            own=own,
            jit_compile=jit_compile,
        )
        for jit_compile in (False, True)
    ]
    plain, compiled = fits
    np.testing.assert_array_equal(plain.epochs, compiled.epochs)
    for one, other in zip(plain.members, compiled.members, strict=True):
        assert _distance(one, other) < 1e-4
    for name, values in plain.history.items():
        np.testing.assert_allclose(
            values, compiled.history[name], rtol=1e-3, atol=1e-4, err_msg=name
        )


def test_members_with_their_own_rates_are_ordinary_models(together, data, tmp_path):
    inputs, _ = data
    ensemble = average_members(together.members[2:5])
    ensemble.save(tmp_path / "ensemble.keras")
    loaded = keras.saving.load_model(tmp_path / "ensemble.keras")
    for name, answer in ensemble.predict(inputs, verbose=0).items():
        np.testing.assert_allclose(
            loaded.predict(inputs, verbose=0)[name], answer, atol=1e-6
        )
    assert "Fed" not in ensemble.to_json()


def test_layers_are_replaced_in_nested_models_and_wrappers(data):
    trunk = keras.Sequential(
        [
            keras.layers.Reshape((5, 1)),
            # A bias before a normalization has no gradient but rounding, which
            # Adam would make steps of.
            keras.layers.TimeDistributed(keras.layers.Dense(3, use_bias=False)),
            keras.layers.BatchNormalization(),
            keras.layers.TimeDistributed(keras.layers.Dropout(0.5, name="inner")),
            keras.layers.Flatten(),
        ]
    )
    model = build_hard_sharing(5, TASKS, trunk=trunk)
    own = MemberSettings(dropout={"inner": [0.0, 0.9]}, numbers=[1, 1])
    fit = fit_members(model, *data, PLAIN, seed=SEED, own=own)
    one, other = fit.members
    assert _distance(one, other) > 1e-3
    rates = [
        [layer.rate for layer in each._flatten_layers() if layer.name == "inner"]
        for each in fit.members
    ]
    assert rates == [[0.0], [0.9]]
    own = dataclasses.replace(own, dropout={"inner": [0.9]}, numbers=[1])
    alone = fit_members(model, *data, PLAIN, seed=SEED, own=own).members[0]
    assert _distance(other, alone) < 1e-5


def test_a_layer_that_cannot_leave_rows_out_is_named(data):
    trunk = keras.layers.Dense(4, activity_regularizer="l2", name="watched")
    model = build_hard_sharing(5, TASKS, trunk=trunk)
    with pytest.raises(
        ValueError, match=r"'watched'.*activity regularizer.*batch size"
    ):
        fit_members(model, *data, PLAIN)
    fitting = PLAIN.replace(epochs=1, batch_size=ROWS // 2)
    assert np.isfinite(fit_members(model, *data, fitting).history["loss"]).all()


def test_all_mistakes_are_told_at_once(data):
    own = MemberSettings(
        learning_rate=[0.1, 0.0],
        weight_decay=[-1.0],
        loss_weights={"sikc": [1.0, 2.0]},
        dropout={"trunk_1_dropout": [0.1, 1.0], "head": [0.1, 0.2]},
        row_weights=np.ones((2, ROWS + 1)),
    )
    with pytest.raises(UserError) as told:
        fit_members(_build(), *data, PLAIN.replace(members=2), own=own)
    expected = [
        ("weight_decay", "2 members", "1 values"),
        ("learning_rate", "above 0", "[0.0]"),
        ("weight_decay", "at least 0", "[-1.0]"),
        ("loss_weights", "'sikc'", "Did you mean 'sick'?"),
        ("dropout", "below 1", "[1.0]"),
        ("dropout", "'head'", "trunk_1_dropout"),
        ("row_weights", f"(2, {ROWS})", f"(2, {ROWS + 1})"),
    ]
    messages = list(told.value.messages)
    assert len(messages) == len(expected)
    for parts in expected:
        found = [each for each in messages if all(part in each for part in parts)]
        assert len(found) == 1, parts


def test_own_rates_need_dropout(data):
    model = _build(dropout=0.0)
    with pytest.raises(UserError, match="Build it with a dropout rate above 0"):
        fit_members(model, *data, PLAIN, own=MemberSettings(dropout=[0.1]))
