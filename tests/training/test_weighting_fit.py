"""Each weighting in a whole fit: whatever the optimizer, the rows and the trunk."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_mtl import weighting
from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_batch
from keras_mtl.blocks.variable_groups import group_variables
from keras_mtl.engine.batch_step import BatchStep
from keras_mtl.fit import main
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask, RegressionTask
from keras_mtl.training import TrainingSettings, fit_members

# `constant` needs settings, and does as `sum` with loss weights does.
NAMES = [name for name in weighting.names() if name != "constant"]
# Their papers fix a scale of their own: see their docstrings.
OWN_SCALE = ("nash-mtl", "fairgrad")


def _fit(model, data, **settings):
    settings = {"batch_size": 16, "shuffle": False, "verbose": 0} | settings
    return model.fit(*data, **settings)


def _weights(model):
    return [value.numpy() for value in model.trainable_variables]


def _step(model, data, method, loss_weights=None):
    """Computes one batch of all rows, as a fit would."""
    step = BatchStep(model, method)
    count = len(model.tasks)
    return step, step(
        [tf.convert_to_tensor(value) for value in model.trainable_variables],
        [tf.convert_to_tensor(value) for value in model.non_trainable_variables],
        pack_batch(step.blocks, Batch(*data)),
        tf.ones(count) if loss_weights is None else tf.constant(loss_weights),
        step.initial_weighting_state(),
    )


def _jacobian(model, data, indices):
    """The tasks' gradients one by one, as a matrix on some variables."""
    inputs, labels = data
    rows = []
    for task in model.tasks:
        with tf.GradientTape() as tape:
            loss = task.loss()(labels[task.name], model(inputs)[task.name])
        variables = [model.trainable_variables[index].value for index in indices]
        gradients = tape.gradient(loss, variables, None, "zero")
        rows.append(np.concatenate([np.ravel(gradient) for gradient in gradients]))
    return np.stack(rows)


OPTIMIZERS = {
    "sgd with clipped values": lambda: keras.optimizers.SGD(0.1, clipvalue=0.02),
    "sgd with a clipped norm": lambda: keras.optimizers.SGD(0.1, global_clipnorm=0.1),
    "adamw with a schedule": lambda: keras.optimizers.AdamW(
        keras.optimizers.schedules.ExponentialDecay(0.01, 1, 0.5), weight_decay=0.1
    ),
    "adam clipped by variable": lambda: keras.optimizers.Adam(0.01, clipnorm=0.05),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_any_optimizer_applies_the_update_of_the_method(make_model, data, optimizer):
    model, other = make_model(), make_model()
    model.compile(OPTIMIZERS[optimizer](), weighting="upgrad")
    own = OPTIMIZERS[optimizer]()
    own.build(other.trainable_variables)
    for _ in range(2):
        _fit(model, data, batch_size=96)
        _, result = _step(other, data, weighting.get("upgrad"))
        own.apply(result.gradients, other.trainable_variables)
    for one, another in zip(_weights(model), _weights(other), strict=True):
        np.testing.assert_allclose(one, another, atol=1e-5)


@pytest.mark.parametrize("name", ["mgda", "upgrad"])
def test_sample_weights_enter_each_tasks_gradient(make_model, data, name):
    inputs, labels = data
    half = inputs[:48], {key: values[:48] for key, values in labels.items()}
    moves = []
    for given, more in [(data, {"sample_weight": np.arange(96) < 48}), (half, {})]:
        model = make_model()
        before = _weights(model)
        model.compile(keras.optimizers.SGD(1.0), weighting=name)
        _fit(model, given, batch_size=96, **more)
        moves.append(
            [new - old for new, old in zip(_weights(model), before, strict=True)]
        )
    # As in Keras, the mean is over the rows, whatever their weights.
    for weighted, alone in zip(*moves, strict=True):
        np.testing.assert_allclose(2 * weighted, alone, atol=2e-5)


def _partly_shared():
    """Three tasks on the first layer and two on the second."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input(shape=(5,))
    first = keras.layers.Dense(6, activation="relu", name="first")(inputs)
    second = keras.layers.Dense(4, activation="relu", name="second")(first)
    tasks = [BinaryTask(name) for name in "abc"]
    tasks += [RegressionTask("d"), BinaryTask("e")]
    outputs = {
        task.name: task.output_layer()(second if task.name in "de" else first)
        for task in tasks
    }
    return MultiTaskModel(inputs, outputs, tasks=tasks)


@pytest.fixture
def five_labels(data):
    inputs, _ = data
    generator = np.random.default_rng(1)
    return inputs, {
        name: (inputs @ generator.normal(size=5) > 0).astype("float32")
        for name in "abcde"
    }


@pytest.mark.parametrize("name", ["mgda", "upgrad", "cagrad"])
def test_tasks_may_share_only_part_of_the_trunk(five_labels, name):
    model = _partly_shared()
    groups = group_variables(model)
    paths = [variable.path for variable in model.trainable_variables]
    shared = {paths[index].split("/")[0] for index in groups.shared}
    assert shared == {"first", "second"}
    assert {paths[index].split("/")[0] for index in groups.last_shared} == {"first"}
    jacobian = _jacobian(model, five_labels, groups.shared)
    # The second layer's columns are zero for those that don't use it.
    assert np.count_nonzero(jacobian[0]) < np.count_nonzero(jacobian[4])
    _, result = _step(model, five_labels, weighting.get(name))
    found = np.concatenate([np.ravel(result.gradients[i]) for i in groups.shared])
    expected = weighting.get(name).aggregate(jacobian)
    assert np.linalg.norm(found - expected) < 2e-3 * np.linalg.norm(expected)
    model.compile(keras.optimizers.Adam(0.01), weighting=name)
    losses = _fit(model, five_labels, epochs=8).history["loss"]
    assert losses[-1] < losses[0]


def test_an_auxiliary_task_counts_by_its_weight(make_model, data):
    model = make_model()
    step, plain = _step(model, data, weighting.get("upgrad"))
    factors = np.array([1.0, 1.0, 0.1], "float32")
    _, result = _step(model, data, weighting.get("upgrad"), factors)
    np.testing.assert_allclose(
        result.gramian, plain.gramian * np.outer(factors, factors), rtol=1e-4
    )
    jacobian = factors[:, None] * _jacobian(model, data, step.groups.shared)
    expected = weighting.get("upgrad").aggregate(jacobian)
    found = np.concatenate([np.ravel(result.gradients[i]) for i in step.groups.shared])
    assert np.linalg.norm(found - expected) < 2e-3 * np.linalg.norm(expected)
    # The loss that is told is the task's own.
    np.testing.assert_allclose(result.losses, plain.losses, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_one_task_alone_is_trained_by_its_own_gradient(data, name):
    inputs, labels = data
    from keras_mtl.architectures import build_hard_sharing

    keras.utils.set_random_seed(0)
    model = build_hard_sharing(5, [BinaryTask("sick", widths=(4,))], trunk=(6,))
    one = inputs, {"sick": labels["sick"]}
    _, expected = _step(model, one, weighting.get("sum"))
    step, result = _step(model, one, weighting.get(name))
    if name in OWN_SCALE or name == "graddrop" or step.weighting.samples > 1:
        # Their size, chance or halves of the batch are their own; the sense is not.
        found = _flat(result.gradients)
        assert np.isfinite(found).all()
        assert found @ _flat(expected.gradients) > 0
        return
    for left, right in zip(result.gradients, expected.gradients, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-6)


def _flat(gradients):
    return np.concatenate([np.ravel(gradient) for gradient in gradients])


def _ends_as_alone(make_model, data, name):
    rows = [np.arange(0, 64), np.arange(16, 80)]
    # Six batches of 16 and one epoch more: what goes by epochs takes part.
    settings = TrainingSettings(epochs=3, batch_size=16, learning_rate=0.01)
    both = fit_members(make_model(), *data, settings, rows=rows, weighting=name)
    alone = fit_members(make_model(), *data, settings, rows=rows[:1], weighting=name)
    for one, other in zip(
        _weights(both.members[0]), _weights(alone.members[0]), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=2e-5)
    assert np.isfinite(both.history["loss"]).all()
    assert not np.allclose(both.history["loss"][:, 0], both.history["loss"][:, 1])


@pytest.mark.parametrize("name", ["upgrad", "famo"])
def test_a_member_of_a_weighting_ends_as_alone(make_model, data, name):
    _ends_as_alone(make_model, data, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("upgrad", "famo")])
def test_a_member_of_each_weighting_ends_as_alone(make_model, data, name):
    _ends_as_alone(make_model, data, name)


def test_a_broken_loss_among_members_is_told_by_task_and_epoch(make_model, data):
    inputs, labels = data
    labels["age"] = labels["age"] * np.float32(1e30)
    with pytest.raises(FloatingPointError, match=r"age_loss is NaN.*in epoch 1\b"):
        fit_members(
            make_model(), inputs, labels, TrainingSettings(epochs=2, weighting="pcgrad")
        )


def test_a_weightings_settings_are_saved_with_the_model(make_model, data, tmp_path):
    model = make_model()
    model.compile(
        keras.optimizers.Adam(), weighting=weighting.get("mgda", scale="paper")
    )
    _fit(model, data)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.weighting.get_config() == {"scale": "paper"}
    assert type(loaded.weighting) is type(model.weighting)


@pytest.mark.slow
def test_the_command_trains_with_a_weighting_by_name(tmp_path):
    argv = [
        "--members",
        "2",
        "--epochs",
        "2",
        "--quiet",
        "--out",
        str(tmp_path / "run"),
    ]
    assert main([*argv, "--weighting", "upgrad"]) == 0
    assert 'weighting = "upgrad"' in (tmp_path / "run" / "config.toml").read_text()


def test_the_command_refuses_an_unknown_weighting(tmp_path, capsys):
    assert main(["--weighting", "pcgard", "--out", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert "pcgard" in told
    assert "pcgrad" in told.split("Did you mean", 1)[1]
    assert not (tmp_path / "run").exists()


ON_REPLICAS = """
import sys
import keras, numpy as np, tensorflow as tf
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.tasks import BinaryTask, RegressionTask

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
generator = np.random.default_rng(0)
x = generator.normal(size=(64, 4)).astype("float32")
y = {"sick": (x[:, 0] > 0).astype("float32"), "age": x[:, 1] - x[:, 0]}
# In most batches one replica has far fewer of a task's labels, or none.
y["sick"][generator.random(64) < 0.7] = np.nan
y["age"][8:32] = np.nan

def fit(scope, name):
    with scope:
        keras.utils.set_random_seed(0)
        tasks = [BinaryTask("sick", widths=(3,)), RegressionTask("age")]
        model = build_hard_sharing(4, tasks, trunk=(6, 5))
        for variable in model.trainable_variables:
            variable.regularizer = keras.regularizers.L2(0.01)
        assert len(model.losses) == len(model.trainable_variables)
        model.compile(keras.optimizers.SGD(0.1), weighting=name)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    history = model.fit(data.with_options(options), epochs=3, verbose=0).history
    return [v.numpy() for v in model.trainable_variables], history

import contextlib
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
for name in sys.argv[1:]:
    one, told = fit(contextlib.nullcontext(), name)
    two, also = fit(strategy.scope(), name)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5, err_msg=name)
    for key in ("loss", "sick_loss", "age_loss"):
        np.testing.assert_allclose(told[key], also[key], rtol=1e-4, err_msg=name)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "names", [("sum", "uncertainty", "famo"), ("dwa", "upgrad", "gradnorm")]
)
def test_two_replicas_end_as_one(run_python, tmp_path, names):
    script = tmp_path / "on_replicas.py"
    script.write_text(ON_REPLICAS)
    ended = run_python(script, *names)
    assert ended.returncode == 0, ended.stderr[-3000:]
