"""`compile`, copies and files of a model mean what they mean in Keras."""

import warnings

import keras
import numpy as np
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask, RegressionTask

FIT = {"epochs": 2, "batch_size": 32, "verbose": 0, "shuffle": False}


def _fit(model, data, **settings):
    return model.fit(*data, **{**FIT, **settings}).history


def _copies(make_model):
    """Returns a model, and a plain Keras one that begins with its weights."""
    model = make_model()
    layers = make_model()
    return model, keras.Model(layers.input, layers.output)


def _assert_same_weights(one, other, tolerance=1e-5):
    for left, right in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(left, right, atol=tolerance, err_msg=left.path)


@pytest.fixture
def complete(data):
    inputs, labels = data
    kind = np.nan_to_num(labels["kind"]).astype("int32")
    return inputs, {**labels, "kind": kind}


@pytest.mark.parametrize("reduction", ["sum", "mean", "mean_with_sample_weight"])
def test_a_loss_reduces_as_in_keras(make_model, complete, reduction):
    weights = np.linspace(0.1, 2.0, 96).astype("float32")
    names = ["kind", "sick", "age"]
    ends = []
    for model in _copies(make_model):
        model.compile(
            keras.optimizers.SGD(0.01),
            {
                "kind": keras.losses.SparseCategoricalCrossentropy(reduction=reduction),
                "sick": keras.losses.BinaryCrossentropy(reduction=reduction),
                "age": keras.losses.MeanSquaredError(reduction=reduction),
            },
        )
        _fit(model, complete, sample_weight=dict.fromkeys(names, weights))
        ends.append(model)
    _assert_same_weights(*ends)


def test_rows_without_a_label_have_no_part_in_a_sum(make_model, data):
    inputs, labels = data
    known = ~np.isnan(labels["kind"])
    model = make_model()
    loss = keras.losses.SparseCategoricalCrossentropy(reduction="sum")
    model.compile("sgd", {"kind": loss})
    value = model.evaluate(
        inputs, {"kind": labels["kind"]}, batch_size=96, verbose=0, return_dict=True
    )
    expected = loss(labels["kind"][known], model(inputs)["kind"][known])
    np.testing.assert_allclose(value["kind_loss"], expected, rtol=1e-5)


def test_a_loss_without_reduction_is_refused(make_model):
    loss = {"age": keras.losses.MeanSquaredError(reduction=None)}
    with pytest.raises(ValueError, match="reduces rows to one number"):
        make_model().compile("adam", loss)


@pytest.mark.parametrize(
    "loss", ["mse", ["mse", "mse", "mse"], keras.losses.MeanSquaredError()]
)
def test_the_second_argument_is_the_loss_of_all_tasks(make_model, complete, loss):
    one, other = make_model(), make_model()
    one.compile(keras.optimizers.SGD(0.1), loss)
    other.compile(
        keras.optimizers.SGD(0.1), {"kind": "mse", "sick": "mse", "age": "mse"}
    )
    assert _fit(one, complete)["loss"] == _fit(other, complete)["loss"]


def test_a_task_whose_loss_is_none_is_not_trained(make_model, complete):
    losses = {"kind": "sparse_categorical_crossentropy", "age": "mse", "sick": None}
    ends, logs = [], []
    for model in _copies(make_model):
        model.compile(keras.optimizers.SGD(0.1), losses)
        logs.append(_fit(model, complete))
        ends.append(model)
    _assert_same_weights(*ends)
    assert "sick_loss" not in logs[0]
    np.testing.assert_allclose(logs[0]["loss"], logs[1]["loss"], rtol=1e-5)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("loss", {"agee": "mse"}),
        ("loss_weights", {"agee": 2.0}),
        ("metrics", {"agee": ["mse"]}),
        ("weighted_metrics", {"agee": ["mse"]}),
    ],
)
def test_a_misspelled_task_is_refused_with_the_nearest(make_model, argument, value):
    with pytest.raises(ValueError, match=rf"`{argument}`.*'agee'. Did you mean 'age'"):
        make_model().compile("adam", **{argument: value})


@pytest.mark.parametrize("argument", ["loss", "loss_weights", "metrics"])
def test_a_list_has_one_value_per_task(make_model, argument):
    with pytest.raises(ValueError, match=rf"`{argument}`.*2 for 3 tasks"):
        make_model().compile("adam", **{argument: ["mse", "mse"]})


@pytest.mark.parametrize("in_memory", [True, False])
def test_given_metrics_are_those_of_keras_on_the_labeled_rows(
    make_model, data, in_memory
):
    inputs, labels = data
    labels["sick"][::3] = np.nan
    # A view of the inputs otherwise.
    labels["age"] = np.where(np.arange(96) % 5 == 0, np.nan, labels["age"])

    class Count(keras.metrics.Metric):
        """A metric that takes no weights."""

        def __init__(self):
            super().__init__(name="count")
            self.total = self.add_variable((), "zeros")

        def update_state(self, y_true, y_pred):
            rows = keras.ops.shape(y_true)[0]
            self.total.assign_add(keras.ops.cast(rows, "float32"))

        def result(self):
            return self.total

    def given():
        return {
            "sick": ["accuracy", keras.metrics.AUC(name="pr", curve="PR")],
            "kind": ["accuracy", keras.metrics.CategoricalAccuracy(name="same")],
            "age": ["mae", Count()],
        }

    model = make_model()
    model.compile("sgd", metrics=given(), run_eagerly=not in_memory)
    logs = model.evaluate(inputs, labels, verbose=0, return_dict=True)
    assert set(logs) == {
        "loss",
        *(f"{name}_loss" for name in labels),
        *("sick_accuracy", "sick_pr", "kind_accuracy", "kind_same"),
        *("age_mae", "age_count"),
    }
    outputs = model(inputs)
    for name, metrics in given().items():
        known = ~np.isnan(labels[name])
        y_true, y_pred = labels[name][known, None], outputs[name][known]
        if name == "age":
            np.testing.assert_allclose(
                logs["age_mae"], np.abs(y_true - y_pred).mean(), rtol=1e-5
            )
            assert logs["age_count"] == known.sum()
            continue
        metric = (
            keras.metrics.BinaryAccuracy()
            if name == "sick"
            else keras.metrics.SparseCategoricalAccuracy()
        )
        metric.update_state(y_true, y_pred)
        np.testing.assert_allclose(logs[f"{name}_accuracy"], metric.result(), rtol=1e-5)
        if name == "sick":
            metrics[1].update_state(y_true, y_pred)
            np.testing.assert_allclose(logs["sick_pr"], metrics[1].result(), rtol=1e-5)
    assert logs["kind_same"] == logs["kind_accuracy"]
    history = _fit(model, data, validation_data=data)
    assert {f"val_{name}" for name in logs} | set(logs) == set(history)


def test_weighted_metrics_weigh_rows(make_model, data):
    inputs, labels = data
    weights = np.linspace(0, 1, 96).astype("float32")
    model = make_model()
    model.compile("sgd", metrics={"age": ["mae"]}, weighted_metrics={"age": ["mse"]})
    logs = model.evaluate(
        inputs, labels, sample_weight=weights, verbose=0, return_dict=True
    )
    error = model(inputs)["age"].numpy()[:, 0] - labels["age"]
    np.testing.assert_allclose(logs["age_mae"], np.abs(error).mean(), rtol=1e-5)
    expected = np.average(error**2, weights=weights)
    np.testing.assert_allclose(logs["age_mse"], expected, rtol=1e-5)


def test_metrics_of_one_name_are_refused(make_model):
    metrics = {"sick": ["accuracy", keras.metrics.AUC(name="accuracy")]}
    with pytest.raises(ValueError, match=r"different names for task 'sick'"):
        make_model().compile("adam", metrics=metrics)


@pytest.mark.parametrize("is_compiled", [True, False])
def test_a_clone_has_the_tasks(make_model, data, is_compiled):
    model = make_model()
    if is_compiled:
        model.compile(keras.optimizers.SGD(0.1), weighting="dwa")
    clone = keras.models.clone_model(model)
    assert isinstance(clone, MultiTaskModel)
    assert clone.tasks == model.tasks
    clone.set_weights(model.get_weights())
    for each in (model, clone):
        each.compile(keras.optimizers.SGD(0.1))
        _fit(each, data)
    _assert_same_weights(model, clone)


@pytest.mark.parametrize(
    ("saved", "loaded", "settings"),
    [
        ({}, {"weighting": "dwa"}, {}),
        (None, {"weighting": "dwa"}, {}),
        ({"weighting": "uncertainty"}, {"weighting": "famo"}, {}),
        ({}, {}, {"dropout": 0.2}),
    ],
)
def test_weights_load_into_a_model_compiled_otherwise(
    make_model, data, tmp_path, saved, loaded, settings
):
    model, other = make_model(), make_model(seed=1, **settings)
    if saved is not None:
        model.compile("sgd", **saved)
        _fit(model, data)
    model.save_weights(tmp_path / "a.weights.h5")
    other.compile("sgd", **loaded)
    with pytest.warns(
        UserWarning, match="weights were loaded.*from their initial values"
    ):
        other.load_weights(tmp_path / "a.weights.h5")
    for one, two in zip(
        model.trainable_variables, other.trainable_variables, strict=True
    ):
        np.testing.assert_array_equal(one, two)
    assert np.isfinite(_fit(other, data)["loss"]).all()


def test_an_equal_model_loads_without_a_warning(make_model, data, tmp_path):
    model, other = make_model(dropout=0.1), make_model(dropout=0.1)
    for each in (model, other):
        each.compile("sgd", weighting="dwa")
        _fit(each, data)
    model.save_weights(tmp_path / "a.weights.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        other.load_weights(tmp_path / "a.weights.h5")
    for name, variable in model.weighting_state.items():
        np.testing.assert_array_equal(other.weighting_state[name], variable)


@pytest.mark.parametrize("name", ["pcgrad", "gradnorm", "graddrop", "moco"])
@pytest.mark.parametrize("without", ["trainable", "trunk"])
def test_without_anything_shared_the_losses_are_summed(data, tasks, name, without):
    ends = []
    for weighting in (name, "sum"):
        keras.utils.set_random_seed(0)
        model = build_hard_sharing(
            5, tasks, trunk=(8,) if without == "trainable" else ()
        )
        if without == "trainable":
            model.get_layer("trunk_1").trainable = False
        if weighting == "sum":
            model.compile(keras.optimizers.SGD(0.1))
        else:
            with pytest.warns(UserWarning, match="share no trainable variables"):
                model.compile(keras.optimizers.SGD(0.1), weighting=weighting)
        model.watch_gradients(weighting == "sum")
        _fit(model, data)
        ends.append(model)
    _assert_same_weights(*ends)


def test_legacy_files_are_refused(make_model, tmp_path):
    with pytest.raises(ValueError, match=r"ends in `\.keras`"):
        make_model().save(tmp_path / "m.h5")


def test_a_model_exports_right_after_a_fit(make_model, data, tmp_path):
    pytest.importorskip("onnx")
    model = make_model()
    model.compile("sgd")
    _fit(model, data)
    model.export(tmp_path / "m.onnx", format="onnx", verbose=0)
    assert (tmp_path / "m.onnx").exists()


def test_a_fit_alone_makes_a_model_exportable(make_model, data, tmp_path):
    model = make_model()
    model.compile("sgd")
    _fit(model, data)
    model.export(tmp_path / "m", verbose=0)
    answers = keras.layers.TFSMLayer(tmp_path / "m", call_endpoint="serve")(data[0])
    for name, values in model(data[0]).items():
        np.testing.assert_allclose(answers[name], values, atol=1e-6)


@pytest.mark.parametrize("size", [0, -1])
def test_batches_have_rows(make_model, data, size):
    model = make_model()
    model.compile()
    with pytest.raises(ValueError, match=r"`batch_size`\. Expected 1 or more"):
        model.fit(*data, batch_size=size)


def test_half_precision_weights_are_refused(tasks):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float16")
    try:
        model = build_hard_sharing(5, tasks)
        with pytest.raises(ValueError, match="'mixed_float16'"):
            model.compile()
    finally:
        keras.config.set_dtype_policy(policy)


def test_a_model_without_tasks_is_refused():
    inputs = keras.Input((3,))
    model = MultiTaskModel(inputs, {"a": keras.layers.Dense(1)(inputs)})
    with pytest.raises(ValueError, match="a model with tasks"):
        model.compile()


def test_one_task_takes_what_keras_takes_for_one_output(data):
    inputs, labels = data
    ends = []
    for in_keras in (False, True):
        keras.utils.set_random_seed(0)
        model = build_hard_sharing(5, [RegressionTask("age")], trunk=(8,))
        if in_keras:
            model = keras.Model(model.input, model.output["age"])
        model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
        ends.append(model)
        _fit(model, (inputs, labels["age"]))
    _assert_same_weights(*ends)
    assert ends[0].history.history["loss"] == pytest.approx(
        ends[1].history.history["loss"]
    )
    assert ends[0].history.history["age_mae"] == pytest.approx(
        ends[1].history.history["mae"]
    )


@pytest.mark.parametrize("in_memory", [True, False])
def test_class_weights_of_some_of_many_equal_heads(in_memory):
    tasks = [BinaryTask(f"t{number}") for number in range(9)]
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(40, 4)).astype("float32")
    labels = {
        task.name: generator.integers(0, 2, 40).astype("float32") for task in tasks
    }
    weights = {"t0": None, "t2": np.linspace(0, 1, 40).astype("float32")}
    weighted = {"t2": weights["t2"], "t1": 1.0 + 2.0 * labels["t1"]}
    ends = []
    for settings in (
        {"class_weight": {"t1": {1: 3.0}}, "sample_weight": weights},
        {"sample_weight": weighted},
    ):
        keras.utils.set_random_seed(0)
        model = build_hard_sharing(4, tasks, trunk=(6,))
        model.compile(keras.optimizers.SGD(0.1))
        if in_memory:
            _fit(model, (inputs, labels), **settings)
        else:
            model.train_on_batch(inputs, labels, **settings)
        ends.append(model)
    _assert_same_weights(*ends)
