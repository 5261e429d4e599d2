"""Heads in a stack do what heads of their own do, whatever is asked of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_mtl import weighting
from keras_mtl.analysis import unit_activity
from keras_mtl.architectures import average_members, build_hard_sharing, heads
from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_batch
from keras_mtl.engine import batch_step
from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.layers import HeadStack, SplitTasks
from keras_mtl.serving.shared_representation import shared_representation
from keras_mtl.tasks import (
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
)
from keras_mtl.training import TrainingSettings, fit_members

ROWS, WIDTH = 24, 5

# Groups of several kinds, with lone tasks between them.
TASKS = (
    BinaryTask("a1", widths=(6,), threshold=0.4),
    RegressionTask("lone", widths=(3,)),
    BinaryTask("a2", widths=(6,)),
    MulticlassTask("m1", classes=("x", "y", "z")),
    RegressionTask("r1", mean=5.0, scale=2.0, widths=(5, 4)),
    MulticlassTask("m2", classes=("u", "v", "w")),
    RegressionTask("r2", mean=-1.0, scale=0.5, widths=(5, 4)),
    MultilabelTask("l1", labels=("f", "g")),
    MultilabelTask("l2", labels=("h", "i")),
    BinaryTask("a3", widths=(6,), label_smoothing=0.1),
    BinaryTask("a4", widths=(6,), loss_weight=0.3),
)


# For whole fits: two groups and a lone task.
FEW = TASKS[:6] + TASKS[9:10]


def _data(tasks, seed=0):
    """Rows of which a third has no label, for each task another third."""
    generator = np.random.default_rng(seed)
    labels = {}
    for task in tasks:
        if task.kind == "regression":
            values = task.mean + task.scale * generator.normal(size=ROWS)
        elif task.kind == "multiclass":
            values = generator.integers(0, task.units, ROWS)
        else:
            shape = (ROWS, task.units) if task.kind == "multilabel" else ROWS
            values = generator.integers(0, 2, shape)
        values = np.asarray(values, "float32")
        values[generator.random(values.shape) < 0.3] = np.nan
        labels[task.name] = values
    inputs = generator.normal(size=(ROWS, WIDTH)).astype("float32")
    return inputs, labels


def _tasks_of(model, stack):
    """Returns the names of the tasks whose heads are in a stack."""
    return model.get_layer(f"{stack.name}-tasks").tasks


def _copy(stacked, apart, values=None):
    """Gives heads of their own the weights of a stack, or other values."""
    weights = dict(
        zip([v.path for v in stacked.weights], stacked.get_weights(), strict=True)
    )
    weights |= values or {}

    def of(layer):
        return [weights[variable.path] for variable in layer.weights]

    for layer in stacked.layers:
        if isinstance(layer, SplitTasks):
            continue
        if not isinstance(layer, HeadStack):
            apart.get_layer(layer.name).set_weights(of(layer))
            continue
        for i, name in enumerate(_tasks_of(stacked, layer)):
            for j, dense in enumerate(layer.dense, start=1):
                part = slice(i * dense.units, (i + 1) * dense.units)
                apart.get_layer(f"{name}_{j}").set_weights([w[i] for w in of(dense)])
                if layer.batch_norm:
                    norm = of(layer.norms[j - 1])
                    own = apart.get_layer(f"{name}_{j}_norm")
                    own.set_weights([w[part] for w in norm])
            apart.get_layer(name).set_weights([w[i] for w in of(layer.output_dense)])


@pytest.fixture
def pair(monkeypatch):
    """Makes a model with stacks and one with heads apart, of the same weights."""

    def make(tasks=TASKS, seed=0, **settings):
        models = []
        for first in (2, 10**6):
            monkeypatch.setattr(heads, "STACKED_FROM", first)
            keras.utils.set_random_seed(seed)
            models.append(
                build_hard_sharing(WIDTH, tasks, **{"trunk": (8, 7)} | settings)
            )
        monkeypatch.setattr(heads, "STACKED_FROM", 2)
        _copy(*models)
        return models

    return make


def _step(model, data, method, **settings):
    inputs, labels = data
    step = BatchStep(model, method, **settings)
    state = step.initial_weighting_state()

    def run():
        batch = Batch(inputs, {k: tf.constant(v) for k, v in labels.items()})
        result = step(
            [tf.convert_to_tensor(value) for value in model.trainable_variables],
            [tf.convert_to_tensor(value) for value in model.non_trainable_variables],
            pack_batch(step.blocks, batch),
            tf.constant([task.loss_weight for task in model.tasks]),
            state,
        )
        return result._replace(outputs=step.blocks.by_task(result.outputs))

    return tf.function(run, autograph=False)()


def _assert_same_step(stacked, apart, data, name, **settings):
    found = []
    for model in (stacked, apart):
        keras.utils.set_random_seed(1)
        found.append(_step(model, data, weighting.get(name), **settings))
    one, other = found
    assert list(one.outputs) == list(other.outputs)
    for task, values in other.outputs.items():
        np.testing.assert_allclose(one.outputs[task], values, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(one.losses, other.losses, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-3, atol=1e-4)
    if other.gramian is not None:
        scale = np.abs(other.gramian).max()
        np.testing.assert_allclose(one.gramian, other.gramian, atol=1e-5 * scale)
    # The stack's gradients, part by part, where the heads apart have theirs.
    before = apart.get_weights()
    paths = [variable.path for variable in stacked.trainable_variables]
    as_arrays = [np.asarray(gradient) for gradient in one.gradients]
    _copy(stacked, apart, dict(zip(paths, as_arrays, strict=True)))
    for variable, gradient in zip(
        apart.trainable_variables, other.gradients, strict=True
    ):
        scale = max(1.0, float(np.abs(gradient).max()))
        np.testing.assert_allclose(
            variable, gradient, atol=1e-5 * scale, err_msg=variable.path
        )
    apart.set_weights(before)


def test_heads_of_one_shape_are_one_layer(pair):
    stacked, apart = pair()
    stacks = [layer for layer in stacked.layers if isinstance(layer, HeadStack)]
    assert {_tasks_of(stacked, layer) for layer in stacks} == {
        ("a1", "a2", "a3", "a4"),
        ("m1", "m2"),
        ("r1", "r2"),
        ("l1", "l2"),
    }
    assert stacked.count_params() == apart.count_params()
    assert list(stacked.output) == [task.name for task in TASKS]


def test_few_heads_keep_layers_of_their_own():
    tasks = [BinaryTask(f"t{i}") for i in range(heads.STACKED_FROM)]
    few = build_hard_sharing(3, tasks[1:], trunk=(4,))
    assert {task.name for task in tasks[1:]} < {layer.name for layer in few.layers}
    many = build_hard_sharing(3, tasks, trunk=(4,))
    assert [layer.name for layer in many.layers][2:] == ["heads-1", "heads-1-tasks"]


@pytest.mark.parametrize("activation", [tf.nn.relu, "softmax"])
def test_an_activation_that_mixes_units_keeps_heads_apart(monkeypatch, activation):
    monkeypatch.setattr(heads, "STACKED_FROM", 2)
    tasks = [BinaryTask("a", widths=(3,)), BinaryTask("b", widths=(3,))]
    model = build_hard_sharing(4, tasks, trunk=(4,), activation=activation)
    assert not any(isinstance(layer, HeadStack) for layer in model.layers)


# A method on losses, on the Gramian, on the Jacobian, and on two samples.
@pytest.mark.parametrize(
    "name",
    [
        "sum",
        "upgrad",
        "graddrop",
        pytest.param("uncertainty", marks=pytest.mark.slow),
        pytest.param("modo", marks=pytest.mark.slow),
    ],
)
def test_a_step_is_the_same(pair, name):
    _assert_same_step(*pair(), _data(TASKS), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dwa", "mgda"])
@pytest.mark.parametrize("weight_heads", [False, True])
def test_each_head_has_the_weight_of_its_task(pair, name, weight_heads):
    models = pair(batch_norm=True)
    _assert_same_step(*models, _data(TASKS), name, weight_heads=weight_heads)


@pytest.mark.parametrize("name", ["upgrad", "gradnorm"])
def test_without_the_rows_it_is_the_same(pair, monkeypatch, name):
    monkeypatch.setattr(batch_step, "KEPT_NUMBERS", 0)
    _assert_same_step(*pair(), _data(TASKS), name)


@pytest.mark.slow
def test_passes_through_the_trunk_in_parts_are_the_same(pair, monkeypatch):
    monkeypatch.setattr(batch_step, "NUMBERS_A_ROW", 1)
    _assert_same_step(*pair(), _data(TASKS), "upgrad")


@pytest.mark.slow
def test_a_convolutional_trunk_has_the_same_rows(pair):
    trunk = keras.Sequential(
        [
            keras.layers.Reshape((WIDTH, 1)),
            keras.layers.Conv1D(3, 2, activation="relu"),
            keras.layers.MaxPooling1D(),
            keras.layers.Flatten(),
        ]
    )
    stacked, apart = pair(trunk=trunk)
    _assert_same_step(stacked, apart, _data(TASKS), "upgrad")


def test_a_task_without_labels_has_no_part(pair):
    inputs, labels = _data(TASKS)
    labels["a2"][:] = np.nan
    stacked, apart = pair()
    _assert_same_step(stacked, apart, (inputs, labels), "mgda")
    # Absent is as good as missing in all rows.
    result = _step(stacked, (inputs, labels), weighting.get("sum"))
    del labels["a2"]
    again = _step(stacked, (inputs, labels), weighting.get("sum"))
    for one, other in zip(result.gradients, again.gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


KINDS = st.sampled_from(["binary", "multiclass", "regression", "multilabel"])


@st.composite
def some_tasks(draw):
    tasks = []
    for index in range(draw(st.integers(2, 7))):
        name, kind = f"t{index}", draw(KINDS)
        widths = draw(st.sampled_from([(), (3,), (4, 2)]))
        if kind == "binary":
            smoothing = draw(st.sampled_from([0.0, 0.2]))
            tasks.append(BinaryTask(name, widths=widths, label_smoothing=smoothing))
        elif kind == "multiclass":
            classes = ("x", "y", "z")[: draw(st.integers(2, 3))]
            tasks.append(MulticlassTask(name, widths=widths, classes=classes))
        elif kind == "regression":
            scale = draw(st.floats(0.5, 3))
            tasks.append(RegressionTask(name, widths=widths, mean=index, scale=scale))
        else:
            labels = ("f", "g")[: draw(st.integers(1, 2))]
            tasks.append(MultilabelTask(name, widths=widths, labels=labels))
    return tasks


@pytest.mark.slow
@settings(max_examples=6)
@given(some_tasks(), st.integers(0, 100))
def test_any_set_of_tasks_gives_the_same_step(tasks, seed):
    with pytest.MonkeyPatch.context() as patch:
        models = []
        for first in (2, 10**6):
            patch.setattr(heads, "STACKED_FROM", first)
            models.append(build_hard_sharing(WIDTH, tasks, trunk=(6,)))
        _copy(*models)
        _assert_same_step(*models, _data(tasks, seed), "imtl-g")


def _fit(model, data, **settings):
    settings = {
        "batch_size": 10,
        "epochs": 2,
        "verbose": 0,
        "shuffle": False,
    } | settings
    return model.fit(*data, **settings).history


def _assert_same_history(one, other):
    assert list(one) == list(other)
    for name, values in other.items():
        np.testing.assert_allclose(
            one[name], values, rtol=1e-3, atol=1e-4, err_msg=name
        )


@pytest.mark.parametrize("in_memory", [True, False])
def test_history_has_the_same_columns_and_values(pair, in_memory):
    inputs, labels = _data(FEW)
    found = []
    for model in pair(FEW):
        model.compile(keras.optimizers.SGD(0.01), jit_compile=False)
        if in_memory:
            found.append(
                _fit(model, (inputs, labels), validation_data=(inputs, labels))
            )
            continue
        rows = tf.data.Dataset.from_tensor_slices((inputs, labels)).batch(10)
        found.append(model.fit(rows, validation_data=rows, epochs=2, verbose=0).history)
    assert {"a1_auc", "val_m2_accuracy", "r1_mae", "m1_loss"} <= set(found[0])
    _assert_same_history(*found)


def test_what_a_user_gives_for_one_task_is_for_that_task(pair):
    data = _data(FEW)
    weights = {task.name: np.arange(ROWS, dtype="float32") / ROWS for task in FEW[:3]}
    found = []
    for model in pair(FEW):
        model.compile(
            keras.optimizers.SGD(0.01),
            loss={"a2": "mean_absolute_error", "r1": keras.losses.Huber()},
            metrics={"a1": ["mse"], "m1": []},
            loss_weights={"a3": 2.0},
            jit_compile=False,
        )
        found.append(_fit(model, data, sample_weight=weights))
    assert "a1_auc" not in found[0]
    assert "a2_auc" in found[0]
    _assert_same_history(*found)


def test_a_saved_model_goes_on_identically(pair, tmp_path):
    model, _ = pair(FEW, batch_norm=True)
    data = _data(FEW)
    model.compile(keras.optimizers.Adam(0.01), weighting="dwa", jit_compile=False)
    _fit(model, data)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for name, values in model(data[0]).items():
        np.testing.assert_array_equal(loaded(data[0])[name], values)
    _fit(model, data)
    _fit(loaded, data)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    answers = loaded.predict(data[0], verbose=0)
    assert list(answers) == [task.name for task in FEW]
    assert answers["m1"].shape == (ROWS, 3)


@pytest.mark.slow
def test_members_average_to_one_model(pair):
    model, _ = pair()
    inputs, labels = _data(TASKS)
    done = fit_members(
        model, inputs, labels, TrainingSettings(members=2, epochs=2, batch_size=8)
    )
    ensemble = average_members(done.members)
    for task in ("a1", "r2", "l1"):
        expected = np.mean([each(inputs)[task] for each in done.members], axis=0)
        np.testing.assert_allclose(ensemble(inputs)[task], expected, atol=1e-5)
    assert np.isfinite(done.history["a1_loss"]).all()


def test_members_are_measured_as_each_measures_itself(pair):
    model, _ = pair(FEW)
    inputs, labels = _data(FEW)
    rows, held = np.arange(16), np.arange(16, ROWS)
    done = fit_members(
        model,
        inputs,
        labels,
        TrainingSettings(members=2, epochs=1, batch_size=8),
        rows=[rows] * 2,
        validation_rows=[held] * 2,
    )
    columns = [name for name in done.history if name.startswith("val_a1")]
    assert columns == ["val_a1_loss", "val_a1_accuracy", "val_a1_auc"]
    for number, member in enumerate(done.members):
        member.compile("sgd")
        own = member.evaluate(
            inputs[held],
            {name: values[held] for name, values in labels.items()},
            verbose=0,
            return_dict=True,
        )
        for name, value in own.items():
            told = done.history[f"val_{name}"][0, number]
            np.testing.assert_allclose(told, value, rtol=1e-5, err_msg=name)


def test_the_shared_representation_is_the_trunks(pair):
    stacked, apart = pair()
    inputs, _ = _data(TASKS)
    answers = []
    for model in (stacked, apart):
        found = shared_representation(model)
        assert found.source == "trunk"
        answers.append(found.model(inputs))
    np.testing.assert_allclose(*answers, atol=1e-6)


def test_idle_units_are_counted_by_unit(pair):
    stacked, apart = pair()
    inputs, _ = _data(TASKS)
    for model in (stacked, apart):
        # Two units of a2 answer zero on all rows.
        values = {v.path: v.numpy() for v in model.variables}
        for path, value in values.items():
            if path.endswith("heads-1/dense_1/bias"):
                value[1, :2] = -1e3
            elif path == "a2_1/bias":
                value[:2] = -1e3
        for variable in model.variables:
            variable.assign(values[variable.path])
    tables = [unit_activity(model, inputs) for model in (stacked, apart)]
    units = [table["units"].sum() for table in tables]
    zero = [(table["units"] * table["zero"]).sum() for table in tables]
    assert units[0] == units[1]
    assert zero[0] == pytest.approx(zero[1])
    assert zero[0] >= 2


def test_initial_weights_are_drawn_as_those_of_a_head_of_its_own():
    tasks = [BinaryTask(f"t{i}", widths=(16,)) for i in range(400)]
    keras.utils.set_random_seed(0)
    stack = build_hard_sharing(64, tasks, trunk=()).get_layer("heads-1")
    kernel = stack.dense[0].kernel.numpy()
    limit = np.sqrt(6 / (64 + 16))
    assert np.abs(kernel).max() <= limit
    np.testing.assert_allclose(kernel.std(), limit / np.sqrt(3), rtol=0.01)
    assert len(np.unique(kernel[:, 0, 0])) == 400
    assert not stack.dense[0].bias.numpy().any()


@pytest.mark.slow
def test_half_precision_heads_answer_in_float32(pair):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model, _ = pair()
        model.compile(
            keras.optimizers.Adam(0.01), weighting="upgrad", jit_compile=False
        )
        history = _fit(model, _data(TASKS), epochs=6)
    finally:
        keras.config.set_dtype_policy(policy)
    assert model.get_layer("heads-1").dense[0].compute_dtype == "float16"
    assert model.output["a1"].dtype == "float32"
    assert history["loss"][-1] < history["loss"][0]
