"""What every builder must do: add a new one to `BUILDERS`."""

import keras
import numpy as np
import pytest

from keras_mtl.architectures import (
    ARCHITECTURES,
    average_members,
    build_architecture,
    build_hard_sharing,
    join_encoder,
)
from keras_mtl.features import (
    CategoricalFeature,
    NumericFeature,
    build_encoder,
    feature_arrays,
    feature_tensors,
    learn_features,
)
from keras_mtl.tasks import (
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
)

TASKS = (
    MulticlassTask("thal", classes=("a", "b", "c"), widths=(8,)),
    BinaryTask("heart", widths=(4,)),
    RegressionTask("cost", mean=100.0, scale=10.0),
    MultilabelTask("findings", labels=("f", "g")),
)
BUILDERS = {
    "hard sharing": lambda tasks: build_hard_sharing(6, tasks, trunk=(16, 8)),
    "hard sharing with all": lambda tasks: build_hard_sharing(
        6, tasks, (16,), "tanh", dropout=0.1, batch_norm=True, input_dropout=0.1
    ),
    "a layer as trunk": lambda tasks: build_hard_sharing(
        6, tasks, trunk=keras.layers.Dense(8, "relu")
    ),
    # All that are registered, by their own defaults.
    **{
        name: lambda tasks, name=name: build_architecture(name, 6, tasks)
        for name in ARCHITECTURES
    },
    "average": lambda tasks: average_members(
        [build_hard_sharing(6, tasks, trunk=(4,)) for _ in range(3)]
    ),
}
ROWS = 64
INPUTS = np.random.default_rng(0).normal(size=(ROWS, 6)).astype("float32")
LABELS = {
    "thal": np.digitize(INPUTS[:, 0], [-0.5, 0.5]).astype("float32"),
    "heart": (INPUTS[:, 1] > 0).astype("float32"),
    "cost": 100 + 10 * INPUTS[:, 2],
    "findings": (INPUTS[:, 3:5] > 0).astype("float32"),
}


@pytest.fixture(params=BUILDERS)
def model(request):
    keras.utils.set_random_seed(0)
    return BUILDERS[request.param](TASKS)


def test_outputs_are_named_and_ordered_by_task(model):
    outputs = model(INPUTS)
    assert list(outputs) == [task.name for task in TASKS]
    assert model.tasks == TASKS
    for task in TASKS:
        assert outputs[task.name].shape == (ROWS, task.units)
    np.testing.assert_allclose(np.sum(outputs["thal"], axis=1), 1, rtol=1e-5)


def test_a_saved_model_answers_alike_and_knows_its_tasks(model, tmp_path):
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert type(loaded) is type(model)
    assert loaded.tasks == TASKS
    for name, values in model(INPUTS).items():
        np.testing.assert_array_equal(loaded(INPUTS)[name], values)


def test_its_config_makes_another_model_of_the_same_shape(model):
    copy = type(model).from_config(model.get_config())
    assert [weight.shape for weight in copy.weights] == [
        weight.shape for weight in model.weights
    ]
    assert copy.tasks == TASKS


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_fit_with_missing_labels_lowers_each_loss(builder):
    keras.utils.set_random_seed(0)
    tasks = TASKS[1:3]
    model = BUILDERS[builder](tasks)
    labels = {task.name: LABELS[task.name].copy() for task in tasks}
    for shift, values in enumerate(labels.values()):
        values[shift::4] = np.nan
    # Compiling by XLA would take longer than the fit.
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    history = model.fit(INPUTS, labels, epochs=12, batch_size=16, verbose=0).history
    for task in tasks:
        losses = history[f"{task.name}_loss"]
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0]


def test_the_articles_network_has_5764_parameters():
    tasks = [
        MulticlassTask("thal", classes=("a", "b", "c"), widths=(32,)),
        BinaryTask("heart", widths=(16,)),
    ]
    assert build_hard_sharing(12, tasks, trunk=(32, 64)).count_params() == 5764


def test_a_convolutional_trunk_is_flattened():
    trunk = keras.Sequential(
        [keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.MaxPooling2D()]
    )
    model = build_hard_sharing((8, 8, 1), [BinaryTask("odd")], trunk=trunk)
    outputs = model(np.zeros((2, 8, 8, 1), "float32"))
    assert outputs["odd"].shape == (2, 1)
    assert model.get_layer("trunk_flatten").output.shape == (None, 36)


def test_one_trunk_is_shared_and_heads_are_not():
    model = build_hard_sharing(6, TASKS[:2], trunk=(5,))
    first, second = (weight for weight in model.get_layer("trunk_1").weights)
    assert (first.shape, second.shape) == ((6, 5), (5,))
    assert {layer.name for layer in model.layers} == {
        *("features", "trunk_1", "thal_1", "thal", "heart_1", "heart")
    }


def test_the_average_is_that_of_the_members():
    members = [build_hard_sharing(6, TASKS, trunk=(4,)) for _ in range(3)]
    expected = {
        task.name: np.mean([member(INPUTS)[task.name] for member in members], axis=0)
        for task in TASKS
    }
    averaged = average_members(members)(INPUTS)
    for name, values in expected.items():
        np.testing.assert_allclose(averaged[name], values, rtol=1e-5, atol=1e-6)


def test_an_encoder_and_a_core_are_one_model_of_raw_features():
    import pandas as pd

    frame = pd.DataFrame({"n": [1.0, 2.0, None], "w": ["a", "b", "a"]})
    features = learn_features(
        [NumericFeature("n"), CategoricalFeature("w", minimum_count=1)], frame
    )
    encoder = build_encoder(features)
    core = build_hard_sharing(encoder.output_shape[-1], TASKS, trunk=(4,))
    model = join_encoder(encoder, core, features)
    raw = feature_tensors(feature_arrays(features, frame))
    for name, values in model(raw).items():
        np.testing.assert_array_equal(values, core(encoder(raw))[name])
    assert model.features == features
    assert len(model.trainable_variables) == len(core.trainable_variables)


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([], "at least one task"),
        ([BinaryTask("a"), BinaryTask("a")], "each name once"),
    ],
)
def test_tasks_that_can_not_be_are_refused(tasks, message):
    with pytest.raises(ValueError, match=message):
        build_hard_sharing(3, tasks)


def test_a_task_named_like_a_feature_is_refused():
    (feature,) = learn_features([NumericFeature("age")], _ages())
    with pytest.raises(ValueError, match="no feature has"):
        build_hard_sharing([feature], [BinaryTask("age")])


def test_members_of_different_tasks_are_refused():
    members = [build_hard_sharing(3, [BinaryTask(name)]) for name in "ab"]
    with pytest.raises(ValueError, match="the same tasks"):
        average_members(members)


def _ages():
    import pandas as pd

    return pd.DataFrame({"age": [40.0, 50.0]})
