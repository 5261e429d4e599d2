"""What every registered architecture must do, a new one included.

An architecture is tested by being registered: nothing here names one.
"""

import functools
import itertools
import json
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import keras_mtl as km
from keras_mtl.architectures import (
    ARCHITECTURES,
    ArchitectureSettings,
    build_architecture,
    join_encoder,
)
from keras_mtl.blocks.variable_groups import group_variables
from keras_mtl.features import (
    CategoricalFeature,
    NumericFeature,
    build_encoder,
    feature_arrays,
    feature_tensors,
    learn_features,
)
from keras_mtl.fit import main
from keras_mtl.layers import HeadStack, StackedDense
from keras_mtl.training import TrainingSettings, fit_members
from keras_mtl.training._initial_values import initial_values

TASKS = (
    km.BinaryTask("sick", widths=(3,)),
    km.BinaryTask("well", widths=(3,)),
    km.MulticlassTask("kind", classes=("a", "b", "c")),
    km.RegressionTask("cost"),
)
MANY_TASKS = (
    *[km.BinaryTask(f"t{index}", widths=(3,)) for index in range(9)],
    km.RegressionTask("cost"),
)
HELPED = tuple(task.replace(auxiliary=task.name in ("well", "cost")) for task in TASKS)
COMMON = ArchitectureSettings(trunk=(6, 4))
ALL_COMMON = ArchitectureSettings(
    trunk=(6, 4), activation="tanh", dropout=0.2, input_dropout=0.1, batch_norm=True
)
ROWS, WIDTH = 60, 5
INPUTS = np.random.default_rng(0).normal(size=(ROWS, WIDTH)).astype("float32")
# Each for every other architecture.
POLICIES = ("mixed_bfloat16", "mixed_float16")

pytestmark = pytest.mark.filterwarnings(
    "ignore:The tasks share no trainable variables:UserWarning"
)


# Linear architectures differ by what they are solved with: one has the layers of all.
NAMES = {ARCHITECTURES.find(name).target: name for name in reversed([*ARCHITECTURES])}


# `make test` takes every third of them, `.ci/run` all.
PARAMS = [
    pytest.param(name, marks=[pytest.mark.slow] * (index % 3 > 0))
    for index, name in enumerate(NAMES.values())
]


# What takes longest runs on these.
SOME = [*NAMES.values()][::3]


@pytest.fixture(scope="module", params=reversed(PARAMS))
def name(request):
    return request.param


def labels_of(tasks):
    """Labels of which each task lacks another fifth, and the first task half."""
    labels = {}
    for index, task in enumerate(tasks):
        signal = INPUTS[:, index % WIDTH]
        if isinstance(task, km.RegressionTask):
            values = signal.copy()
        elif isinstance(task, km.MulticlassTask):
            values = np.digitize(signal, [-0.5, 0.5]).astype("float32")
        else:
            values = (signal > 0).astype("float32")
        values[index::5] = np.nan
        labels[task.name] = values
    labels[tasks[0].name][: ROWS // 2] = np.nan
    return labels


def build(name, tasks=TASKS, common=COMMON, seed=0):
    keras.utils.set_random_seed(seed)
    return build_architecture(name, WIDTH, tasks, common)


def assert_same(first, second, **tolerance):
    assert list(first) == list(second)
    for task, values in first.items():
        np.testing.assert_allclose(second[task], values, **tolerance)


def test_configuration_and_file_give_the_same_model(name, tmp_path):
    model = build(name, common=ALL_COMMON)
    copy = type(model).from_config(model.get_config())
    copy.set_weights(model.get_weights())
    assert_same(model(INPUTS), copy(INPUTS), rtol=1e-6, atol=1e-6)
    model.compile("adam", jit_compile=False)
    model.fit(INPUTS, labels_of(TASKS), epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.tasks == TASKS
    assert_same(model(INPUTS), loaded(INPUTS), rtol=1e-6, atol=1e-6)
    assert [path_of(v) for v in loaded.weights] == [path_of(v) for v in model.weights]


def path_of(variable):
    return variable.path.partition("/")[2], tuple(variable.shape)


def test_it_takes_raw_features_and_exports_named_outputs(name, tmp_path):
    frame = pd.DataFrame({"age": [1.0, 2.0, None], "site": ["a", "b", "a"]})
    features = learn_features(
        [NumericFeature("age"), CategoricalFeature("site", minimum_count=1)], frame
    )
    encoder = build_encoder(features)
    core = build_architecture(name, encoder.output_shape[-1], TASKS, COMMON)
    core.name = "core"
    model = join_encoder(encoder, core, features)
    raw = feature_tensors(feature_arrays(features, frame))
    expected = model(raw)
    model.export(tmp_path / "served", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "served"))
    served = loaded.serve(raw)
    assert set(served) == {task.name for task in TASKS}
    for task in TASKS:
        assert served[task.name].shape == (3, task.units)
        np.testing.assert_allclose(served[task.name], expected[task.name], atol=1e-6)


def test_a_task_without_labels_learns_nothing_and_harms_nobody(name):
    model = build(name)
    labels = labels_of(TASKS)
    labels["well"][:] = np.nan
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    history = model.fit(INPUTS, labels, epochs=8, verbose=0).history
    for task in ("sick", "kind", "cost"):
        losses = history[f"{task}_loss"]
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0]
    assert all(np.isfinite(values).all() for values in model.get_weights())


def test_auxiliary_tasks_are_trained_and_not_predicted(name, tmp_path):
    model = build(name, HELPED)
    model.compile(
        keras.optimizers.Adam(0.02),
        weighting="gradient-similarity",
        jit_compile=False,
    )
    history = model.fit(INPUTS, labels_of(TASKS), epochs=6, verbose=0).history
    for task in HELPED:
        losses = history[f"{task.name}_loss"]
        assert np.isfinite(losses).all()
        # The weighting may drop an auxiliary task.
        assert task.auxiliary or losses[-1] < losses[0]
    final = km.without_auxiliary(model)
    assert [task.name for task in final.tasks] == ["sick", "kind"]
    expected = model(INPUTS)
    expected = {task: expected[task] for task in ("sick", "kind")}
    assert_same(expected, final(INPUTS))
    assert km.without_auxiliary(final) is final
    layers = {layer.name for layer in final.layers}
    assert not layers & {"well", "well_1", "cost"}
    final.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.tasks == final.tasks
    assert_same(expected, loaded(INPUTS), rtol=1e-6, atol=1e-6)


def test_an_ensemble_without_auxiliary_tasks_averages_the_others(name):
    members = [build(name, HELPED, seed=seed) for seed in (0, 1)]
    whole = km.average_members(members)
    expected = {task: whole(INPUTS)[task] for task in ("sick", "kind")}
    assert_same(expected, km.without_auxiliary(whole)(INPUTS), atol=1e-6)


def test_ten_tasks_are_predicted_as_by_heads_of_their_own(name, monkeypatch):
    """Heads computed together give what the same heads give one by one."""
    model = build(name, MANY_TASKS)
    monkeypatch.setattr("keras_mtl.architectures.heads.STACKED_FROM", 99)
    apart = build(name, MANY_TASKS)
    stacks = [layer for layer in model.layers if isinstance(layer, HeadStack)]
    together = {layer.name: layer for layer in model.layers}
    for layer in apart.layers:
        if layer.name in together:
            layer.set_weights(together[layer.name].get_weights())
        elif layer.weights:
            task, _, hidden = layer.name.partition("_")
            dense = stacks[0].dense[0] if hidden else stacks[0].output_dense
            layer.set_weights([each[int(task[1:])] for each in dense.get_weights()])
    assert_same(model(INPUTS), apart(INPUTS), atol=1e-5)


def test_each_number_is_shared_or_belongs_to_one_task(name):
    """The groups of variables say on what each task's loss depends."""
    model = build(name)
    # No unit may be silent, or its gradient would be zero by chance.
    for variable in model.trainable_variables:
        noise = np.random.default_rng(1).normal(size=variable.shape)
        variable.assign(variable + 0.1 * noise)
    with tf.GradientTape(persistent=True) as tape:
        outputs = model(INPUTS)
        sums = [tf.reduce_sum(tf.square(outputs[task.name] + 0.3)) for task in TASKS]
    variables = model.trainable_variables
    depends = []
    for total in sums:
        gradients = tape.gradient(
            total,
            [v.value for v in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        depends.append([np.abs(gradient.numpy()) > 0 for gradient in gradients])
    groups = group_variables(model)
    assert sorted([*groups.shared, *groups.private]) == list(range(len(variables)))
    for index in groups.shared:
        users = [task[index].any() for task in depends]
        assert sum(users) > 1, variables[index].path
    for index, owners in zip(groups.private, groups.owners, strict=True):
        parts = [np.split(task[index], len(owners)) for task in depends]
        for task, position in itertools.product(range(len(TASKS)), range(len(owners))):
            if task != owners[position]:
                assert not parts[task][position].any(), variables[index].path
    assert set(groups.last_shared) <= set(groups.shared)
    assert bool(groups.last_shared) == bool(groups.shared)


def test_a_weighting_on_inner_products_trains_it(name):
    check_weighting(name, "mgda")


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("method", ["dwa", "graddrop"])
def test_a_weighting_on_losses_or_gradients_trains_it(name, method):
    check_weighting(name, method)


def check_weighting(name, method):
    model = build(name)
    model.compile(
        keras.optimizers.Adam(0.02),
        weighting=method,
        jit_compile=False,
    )
    history = model.fit(INPUTS, labels_of(TASKS), epochs=6, verbose=0).history
    losses = np.sum([history[f"{task.name}_loss"] for task in TASKS], axis=0)
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_equal_parts_differ_at_the_start_through_clone_and_file(name, tmp_path):
    """No two trunks or experts begin alike: equal ones would stay equal."""
    model = build(name)
    model.save(tmp_path / "model.keras")
    copies = [
        model,
        keras.models.clone_model(model),
        type(model).from_config(model.get_config()),
        keras.saving.load_model(tmp_path / "model.keras"),
    ]
    kernels = [
        layer.kernel.numpy()
        for copy in copies
        for layer in copy._flatten_layers()
        if isinstance(layer, StackedDense)
    ]
    for kernel in kernels:
        for first, second in itertools.combinations(kernel, 2):
            assert np.abs(first - second).min() > 0


def test_equal_parts_and_members_differ_where_members_begin(name):
    model = build(name)
    starts = initial_values(model, seed=0, numbers=(0, 1)).weights
    for variable, start in zip(model.trainable_variables, starts, strict=True):
        if not start.std():
            # Biases, offsets and the like begin alike.
            continue
        if variable.path.endswith("kernel"):
            assert np.abs(start[0] - start[1]).min() > 0, variable.path
        if variable.path.endswith("kernel") and start.size >= 100:
            # By the shape of one layer, whatever is stacked.
            fan_in, fan_out = variable.shape[-2:]
            assert start.std() == pytest.approx(
                (2 / (fan_in + fan_out)) ** 0.5, rel=0.3
            )
        if variable.path.endswith("kernel") and len(variable.shape) == 3:
            for first, second in itertools.combinations(start[0], 2):
                assert np.abs(first - second).min() > 0, variable.path


MEMBER_TASKS = (TASKS[0], TASKS[3])
# Unequal, so that batches are filled up.
MEMBER_ROWS = [np.arange(50), np.arange(9, 46)]
MEMBER_SETTINGS = TrainingSettings(epochs=2, batch_size=16)


def fit_two(name, inputs=INPUTS, rows=MEMBER_ROWS, **arguments):
    return fit_members(
        build(name, MEMBER_TASKS, ALL_COMMON),
        inputs,
        labels_of(MEMBER_TASKS),
        MEMBER_SETTINGS,
        rows=rows,
        jit_compile=False,
        **arguments,
    ).members


# Not a fixture: some tests replace the fixture `name`, and would get those of another.
@functools.cache
def two_members(name):
    """Two members, with dropout and normalizations, and the first epoch's state."""
    progress = []
    return fit_two(name, on_progress=progress.append), progress[0]


def test_many_members_end_where_each_ends_alone(name):
    own = km.MemberSettings(numbers=(1,))
    (alone,) = fit_two(name, rows=MEMBER_ROWS[1:], own=own)
    assert_same(alone(INPUTS), two_members(name)[0][1](INPUTS), atol=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_a_fit_resumes_where_it_stopped(name):
    resumed = fit_two(name, resume_from=two_members(name)[1])
    for first, second in zip(two_members(name)[0], resumed, strict=True):
        assert_same(first(INPUTS), second(INPUTS), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_streamed_rows_give_the_same_members(name, tmp_path):
    np.save(tmp_path / "rows.npy", INPUTS)
    streamed = fit_two(name, np.load(tmp_path / "rows.npy", mmap_mode="r"))
    for first, second in zip(two_members(name)[0], streamed, strict=True):
        assert_same(first(INPUTS), second(INPUTS), atol=1e-5)


def test_the_compiled_epoch_equals_keras_own_loop(name):
    check_epoch(name, jit_compile=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_the_epoch_that_xla_compiles_equals_keras_own_loop(name):
    check_epoch(name, jit_compile=True)


def check_epoch(name, jit_compile):
    labels = labels_of(TASKS)
    histories, outputs = [], []
    for data in ("arrays", "batches"):
        model = build(name)
        model.compile(
            keras.optimizers.SGD(0.002),
            jit_compile=jit_compile and data == "arrays",
        )
        if data == "arrays":
            fit = model.fit(
                INPUTS, labels, batch_size=20, epochs=2, shuffle=False, verbose=0
            )
        else:
            batches = tf.data.Dataset.from_tensor_slices((INPUTS, labels)).batch(20)
            fit = model.fit(batches, epochs=2, verbose=0)
        histories.append(fit.history)
        outputs.append(model(INPUTS))
    assert_same(*outputs, atol=1e-4)
    np.testing.assert_allclose(
        histories[0]["loss"], histories[1]["loss"], rtol=1e-4, atol=1e-5
    )


@pytest.mark.slow
def test_mixed_precision_trains_and_predicts_in_float32(name):
    policy = POLICIES[[*NAMES.values()].index(name) % 2]
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(policy)
    try:
        model = build(name)
        model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
        history = model.fit(INPUTS, labels_of(TASKS), epochs=8, verbose=0).history
        assert history["loss"][-1] < history["loss"][0]
        for values in model(INPUTS).values():
            assert values.dtype == "float32"
            assert np.isfinite(values).all()
    finally:
        keras.mixed_precision.set_dtype_policy(before)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_the_command_fits_saves_and_predicts(name, tmp_path):
    frame = pd.DataFrame(INPUTS, columns=[f"x{index}" for index in range(WIDTH)])
    frame["sick"] = np.where(INPUTS[:, 0] > 0, "yes", "no")
    frame["cost"] = INPUTS[:, 1]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    arguments = ["--data", str(tmp_path / "rows.csv"), "--task", "sick:binary"]
    arguments += ["--task", "cost:regression", "--architecture", name]
    arguments += ["--members", "2", "--epochs", "2", "--quiet"]
    arguments += ["--auxiliary", "later:hindsight:x4"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main([*arguments, "--out", str(tmp_path / "run")]) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())["test"]
    assert set(metrics) == {"sick", "cost", "later_x4"}
    predictions = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert not [column for column in predictions if column.startswith("later")]
    config = (tmp_path / "run" / "config.toml").read_text()
    assert name == "hard-sharing" or name in config
