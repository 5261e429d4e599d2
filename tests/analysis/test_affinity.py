"""Affinities are those of the formula, and tell which task helps which."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_mtl.analysis import TaskAffinity
from keras_mtl.analysis.affinity import AffinityMeter
from keras_mtl.architectures import build_hard_sharing
from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_batch
from keras_mtl.datasets import make_related_tasks, related_task_values, shuffle_labels
from keras_mtl.layers import HeadStack
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask, RegressionTask

ROWS = 24


def make_model(seed=0, dropout=0.0):
    keras.utils.set_random_seed(seed)
    tasks = [BinaryTask("sick"), RegressionTask("cost"), BinaryTask("old")]
    return build_hard_sharing(3, tasks, trunk=(5,), dropout=dropout)


def make_rows(seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(ROWS, 3)).astype("float32")
    labels = {
        "sick": (x[:, 0] > 0).astype("float32"),
        "cost": (x @ [1, 2, 0]).astype("float32"),
        "old": (x[:, 1] > 0).astype("float32"),
    }
    labels["cost"][::3] = np.nan
    return x, labels


def affinities_by_hand(model, x, labels, step_size):
    """Moves the trunk's variables themselves, and puts them back."""
    trunk = model.get_layer("trunk_1").trainable_variables

    def losses():
        outputs = model(x, training=False)
        return [
            task.loss()(labels[task.name], outputs[task.name]) for task in model.tasks
        ]

    with tf.GradientTape(persistent=True) as tape:
        before = losses()
    start = [variable.numpy() for variable in trunk]
    found = []
    for loss in before:
        gradients = tape.gradient(loss, [variable.value for variable in trunk])
        for variable, value, gradient in zip(trunk, start, gradients, strict=True):
            variable.assign(value - step_size * gradient)
        after = losses()
        found.append(
            [
                1 - float(new) / float(old)
                for new, old in zip(after, before, strict=True)
            ]
        )
        for variable, value in zip(trunk, start, strict=True):
            variable.assign(value)
    return np.array(found)


def values(model):
    weights = [tf.convert_to_tensor(each) for each in model.trainable_variables]
    others = [tf.convert_to_tensor(each) for each in model.non_trainable_variables]
    return weights, others


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_it_is_the_change_of_each_loss_by_a_step_on_the_trunk(dropout):
    model, (x, labels) = make_model(dropout=dropout), make_rows()
    meter = AffinityMeter(model)
    batch = pack_batch(meter.step.blocks, Batch(x, labels))
    found = meter(*values(model), batch, 0.1).affinity
    expected = affinities_by_hand(model, x, labels, 0.1)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-6)
    assert (np.diag(found) > 0).all()


def test_heads_that_are_one_layer_have_the_same_affinities():
    names = [f"task{i}" for i in range(9)]
    keras.utils.set_random_seed(0)
    model = build_hard_sharing(3, [BinaryTask(name) for name in names], trunk=(5,))
    assert any(isinstance(layer, HeadStack) for layer in model.layers)
    x, _ = make_rows()
    directions = np.random.default_rng(1).normal(size=(3, 9))
    labels = dict(zip(names, (x @ directions > 0).astype("float32").T, strict=True))
    meter = AffinityMeter(model)
    found = meter(*values(model), pack_batch(meter.step.blocks, Batch(x, labels)), 0.1)
    expected = affinities_by_hand(model, x, labels, 0.1)
    np.testing.assert_allclose(found.affinity, expected, rtol=2e-3, atol=1e-6)


def test_members_have_the_affinities_of_each_alone():
    models = [make_model(seed) for seed in (1, 2)]
    rows = [make_rows(seed) for seed in (1, 2)]
    single = AffinityMeter(models[0])
    blocks = single.step.blocks
    batches = [pack_batch(blocks, Batch(*each)) for each in rows]
    alone = [
        single(*values(model), batch, 0.1).affinity
        for model, batch in zip(models, batches, strict=True)
    ]

    def together(parts):
        return tf.nest.map_structure(lambda *each: tf.stack(each), *parts)

    weights, others = together([values(model) for model in models])
    batch = Batch(
        *together([(each.inputs, each.labels) for each in batches]),
    )
    found = AffinityMeter(models[0], members=2)(weights, others, batch, 0.1)
    np.testing.assert_allclose(found.affinity, np.stack(alone), rtol=1e-3, atol=1e-6)


def test_cosines_are_those_of_the_gradients_on_the_trunk():
    model, (x, labels) = make_model(), make_rows()
    meter = AffinityMeter(model)
    found = meter(*values(model), pack_batch(meter.step.blocks, Batch(x, labels)), 0.1)
    trunk = [each.value for each in model.get_layer("trunk_1").trainable_variables]
    rows = []
    for task in model.tasks:
        with tf.GradientTape() as tape:
            loss = task.loss()(labels[task.name], model(x)[task.name])
        rows.append(np.concatenate([np.ravel(g) for g in tape.gradient(loss, trunk)]))
    rows = np.stack([row / np.linalg.norm(row) for row in rows])
    np.testing.assert_allclose(found.cosines, rows @ rows.T, atol=1e-5)


def test_a_task_without_labels_in_the_batch_is_unknown():
    model, (x, labels) = make_model(), make_rows()
    labels["old"] = np.full(ROWS, np.nan, "float32")
    meter = AffinityMeter(model)
    found = meter(*values(model), pack_batch(meter.step.blocks, Batch(x, labels)), 0.1)
    known = np.array([[True, True, False], [True, True, False], [False] * 3])
    np.testing.assert_array_equal(np.isfinite(found.affinity), known)
    np.testing.assert_array_equal(np.isfinite(found.cosines), known)


def test_nothing_is_known_where_nothing_is_shared():
    inputs = keras.Input((3,))
    tasks = [BinaryTask("sick"), BinaryTask("old")]
    outputs = {task.name: task.output_layer()(inputs) for task in tasks}
    model = MultiTaskModel(inputs, outputs, tasks=tasks)
    x, labels = make_rows()
    del labels["cost"]
    meter = AffinityMeter(model)
    found = meter(*values(model), pack_batch(meter.step.blocks, Batch(x, labels)), 0.1)
    assert np.isnan(found.affinity).all()
    assert np.isnan(found.cosines).all()


def test_the_callback_changes_nothing_and_has_a_row_per_epoch_and_pair():
    x, labels = make_rows()

    def fit(*callbacks):
        model = make_model()
        model.compile(keras.optimizers.SGD(0.05))
        history = model.fit(
            x, labels, batch_size=8, epochs=3, verbose=0, callbacks=list(callbacks)
        )
        return history.history, model.get_weights()

    affinity = TaskAffinity(x, labels, batch_size=ROWS, every=2)
    history, weights = fit(affinity)
    for one, other in zip(fit()[1], weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert affinity.table["epoch"].unique().tolist() == [1, 3]
    assert len(affinity.table) == 2 * 9
    assert len(history["sick_onto_cost_affinity"]) == 3
    last = affinity.table[affinity.table["epoch"] == 3]
    assert history["sick_onto_cost_affinity"][-1] == pytest.approx(
        last.set_index(["task", "onto"]).loc[("sick", "cost"), "affinity"]
    )
    means = affinity.table.groupby(["task", "onto"])["affinity"].mean()
    assert affinity.matrix.loc["old", "sick"] == pytest.approx(means["old", "sick"])


def test_the_callback_takes_the_learning_rate_and_the_losses_of_compile():
    x, labels = make_rows()
    model = make_model()
    loss = {"cost": keras.losses.MeanAbsoluteError()}
    model.compile(keras.optimizers.SGD(0.05), loss=loss)
    affinity = TaskAffinity(x, labels, batch_size=ROWS)
    model.fit(x, labels, batch_size=ROWS, verbose=0, callbacks=[affinity])
    meter = AffinityMeter(model, loss)
    batch = pack_batch(meter.step.blocks, Batch(x, labels))
    np.testing.assert_allclose(
        affinity.matrix,
        meter(*values(model), batch, 0.05).affinity,
        rtol=1e-4,
        atol=1e-7,
    )


def test_opposite_labels_under_the_same_head_hurt_each_other():
    x, labels = make_rows()
    names = ("one", "same", "opposite")
    labels = dict(
        zip(names, (labels["old"], labels["old"], 1 - labels["old"]), strict=True)
    )
    keras.utils.set_random_seed(0)
    model = build_hard_sharing(3, [BinaryTask(name) for name in names], trunk=(5,))
    for name in names[1:]:
        model.get_layer(name).set_weights(model.get_layer("one").get_weights())
    meter = AffinityMeter(model)
    found = meter(*values(model), pack_batch(meter.step.blocks, Batch(x, labels)), 0.1)
    assert found.affinity[1, 0] == pytest.approx(found.affinity[0, 0])
    assert found.affinity[2, 0] < 0
    assert found.affinity[0, 2] < 0
    assert found.cosines[0, 1] == pytest.approx(1, abs=1e-5)
    assert found.cosines[0, 2] < -0.3


@pytest.mark.parametrize("name", ["every", "batch_size", "batches", "step_size"])
def test_numbers_that_are_not_positive_are_refused(name):
    with pytest.raises(ValueError, match=f"argument `{name}`"):
        TaskAffinity(*make_rows(), **{name: 0})


def affinities_on_made_data(shuffled=False):
    """Tasks 1 and 2 ask the same; task 3 asks another thing of the same rows."""
    frame = make_related_tasks(1200, related=1.0, noise=0.1, seed=3)
    x = frame.filter(like="x").to_numpy("float32")
    other = related_task_values(x, tasks=1, related=0.0, seed=9)[:, 0]
    frame["task3"] = (other > 0).astype(int)
    if shuffled:
        frame = shuffle_labels(frame, "task3")
    labels = {
        name: frame[name].to_numpy("float32") for name in ("task1", "task2", "task3")
    }
    keras.utils.set_random_seed(1)
    model = build_hard_sharing(8, [BinaryTask(name) for name in labels], trunk=(6,))
    model.compile(keras.optimizers.Adam(0.01))
    affinity = TaskAffinity(x, labels, batch_size=64, step_size=0.01)
    model.fit(x, labels, batch_size=64, epochs=15, verbose=0, callbacks=[affinity])
    return affinity.matrix


def test_a_related_task_helps_and_an_unrelated_one_does_not():
    found = affinities_on_made_data()
    assert found.loc["task2", "task1"] > 0
    assert found.loc["task1", "task2"] > 0
    for task in ("task1", "task2"):
        assert found.loc["task3", task] < 0.25 * found.loc["task2", "task1"]


def test_shuffled_labels_have_no_affinity_onto_others():
    found = affinities_on_made_data(shuffled=True)
    for task in ("task1", "task2"):
        assert abs(found.loc["task3", task]) < 0.1 * found.loc["task2", "task1"]
