import numpy as np
import pytest
import tensorflow as tf

from keras_mtl import weighting
from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.pack_batch import pack_batch
from keras_mtl.blocks.variable_groups import group_variables
from keras_mtl.engine import batch_step
from keras_mtl.engine.batch_step import BatchStep


def _run(model, data, method, rows=slice(None), **settings):
    inputs, labels = data
    step = BatchStep(model, method, **settings)
    batch = Batch(inputs[rows], {name: value[rows] for name, value in labels.items()})
    result = step(
        [tf.convert_to_tensor(value) for value in model.trainable_variables],
        [tf.convert_to_tensor(value) for value in model.non_trainable_variables],
        pack_batch(step.blocks, batch),
        tf.ones(len(model.tasks)),
        step.initial_weighting_state(),
    )
    return step, result


def _jacobian(model, data):
    """The tasks' gradients one by one, as matrices on trunk and heads."""
    inputs, labels = data
    rows = []
    for task in model.tasks:
        with tf.GradientTape() as tape:
            loss = task.loss()(labels[task.name], model(inputs)[task.name])
        rows.append(
            tape.gradient(
                loss, [v.value for v in model.trainable_variables], None, "zero"
            )
        )
    return rows


def _flat(gradients, indices):
    return np.concatenate([np.ravel(gradients[index]) for index in indices])


def test_the_trunk_is_shared_and_the_heads_are_not(make_model):
    model = make_model()
    groups = group_variables(model)
    paths = [variable.path for variable in model.trainable_variables]
    assert all(("trunk" in paths[index]) for index in groups.shared)
    assert not any(("trunk" in paths[index]) for index in groups.private)
    assert {paths[index].split("/")[0] for index in groups.last_shared} == {"trunk_2"}
    assert sorted(groups.shared + groups.private) == list(range(len(paths)))


@pytest.mark.parametrize(
    "name", ["mean", "mgda", "cagrad", "upgrad", "aligned-mtl", "imtl-g", "dualproj"]
)
def test_the_update_is_what_the_method_makes_of_the_jacobian(make_model, data, name):
    model = make_model()
    method = weighting.get(name)
    step, result = _run(model, data, method)
    rows = _jacobian(model, data)
    jacobian = np.stack([_flat(row, step.groups.shared) for row in rows])
    expected = weighting.get(name).aggregate(jacobian)
    found = _flat(result.gradients, step.groups.shared)
    # In float32, against the same in float64.
    assert np.linalg.norm(found - expected) < 2e-3 * np.linalg.norm(expected)
    if result.gramian is not None:
        np.testing.assert_allclose(result.gramian, jacobian @ jacobian.T, rtol=1e-3)


@pytest.mark.parametrize("weight_heads", [False, True])
@pytest.mark.parametrize("name", ["mgda", "dwa", "graddrop"])
def test_heads_are_weighted_only_when_asked(make_model, data, name, weight_heads):
    model = make_model()
    method = weighting.get(name)
    step, result = _run(model, data, method, weight_heads=weight_heads)
    rows = _jacobian(model, data)
    factors = np.asarray(result.weights) if weight_heads else np.ones(len(rows))
    expected = sum(
        f * _flat(row, step.groups.private)
        for f, row in zip(factors, rows, strict=True)
    )
    found = _flat(result.gradients, step.groups.private)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["upgrad", "gradnorm"])
def test_the_backward_pass_agrees_with_the_kept_rows(
    make_model, data, monkeypatch, name
):
    model = make_model()
    method = weighting.get(name)
    _, kept = _run(model, data, method)
    monkeypatch.setattr(batch_step, "KEPT_NUMBERS", 0)
    _, again = _run(model, data, method)
    np.testing.assert_allclose(kept.gramian, again.gramian, rtol=1e-4, atol=1e-5)
    for one, other in zip(kept.gradients, again.gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in weighting.names() if n != "constant"])
def test_a_task_without_labels_does_not_count(make_model, data, name):
    inputs, labels = data
    model = make_model()
    labels["kind"] = np.full_like(labels["kind"], np.nan)
    _, result = _run(model, (inputs, labels), weighting.get(name))
    assert result.losses[0] == 0.0
    assert result.counts.numpy().tolist() == [0.0, len(inputs), len(inputs)]
    for variable, gradient in zip(
        model.trainable_variables, result.gradients, strict=True
    ):
        assert np.isfinite(gradient).all(), variable.path
        if variable.path.startswith("kind"):
            np.testing.assert_array_equal(gradient, 0.0)
    trunk = [
        g
        for v, g in zip(model.trainable_variables, result.gradients, strict=True)
        if "trunk" in v.path
    ]
    assert max(np.abs(gradient).max() for gradient in trunk) > 0


def test_the_models_own_losses_are_added_once(make_model, data):
    import keras

    model = make_model()
    regularizer = keras.regularizers.L2(0.5)
    plain = make_model()
    plain.set_weights(model.get_weights())
    kernel = model.get_layer("trunk_1").kernel
    kernel.regularizer = regularizer
    for name in ("sum", "mgda", "graddrop"):
        keras.utils.set_random_seed(0)
        _, with_loss = _run(model, data, weighting.get(name))
        keras.utils.set_random_seed(0)
        _, without = _run(plain, data, weighting.get(name))
        index = [v is kernel for v in model.trainable_variables].index(True)
        added = with_loss.gradients[index] - without.gradients[index]
        np.testing.assert_allclose(added, 2 * 0.5 * kernel.numpy(), atol=1e-5)
        np.testing.assert_allclose(
            with_loss.added_loss, 0.5 * np.sum(kernel.numpy() ** 2), rtol=1e-5
        )


def test_a_variable_that_its_layer_splits_by_task_has_a_part_for_each():
    import keras

    from keras_mtl.architectures.heads import build_heads
    from keras_mtl.blocks.variable_groups import group_variables
    from keras_mtl.layers import StackedDense, TakeStack
    from keras_mtl.model import MultiTaskModel
    from keras_mtl.tasks import BinaryTask

    tasks = [BinaryTask("a"), BinaryTask("b")]
    for stack in (4, 3):
        inputs = keras.Input((5,))
        hidden = StackedDense(stack, 6, by_task=True, name="own")(inputs)
        read = TakeStack([0, stack - 1])(hidden)
        model = MultiTaskModel(inputs, build_heads(read, tasks), tasks=tasks)
        if stack % 2:
            with pytest.raises(ValueError, match="first axis that is split by 2 tasks"):
                group_variables(model)
            continue
        groups = group_variables(model)
        assert groups.shared == ()
        owners = dict(zip(groups.private, groups.owners, strict=True))
        assert owners[0] == owners[1] == (0, 1)
