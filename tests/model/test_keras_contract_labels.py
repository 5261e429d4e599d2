"""Labels come in any plain form, and wrong ones are refused before training."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.blocks.class_weights import class_weight_tables
from keras_mtl.blocks.label_arrays import read_labels
from keras_mtl.tasks import (
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
)
from keras_mtl.training import TrainingSettings, fit_members

TASKS = [
    MulticlassTask("kind", classes=("a", "b", "c")),
    BinaryTask("sick"),
    RegressionTask("age"),
    MultilabelTask("signs", labels=("fever", "cough")),
]
ROWS = 30


@pytest.fixture
def labels():
    generator = np.random.default_rng(0)
    return {
        "kind": generator.integers(0, 3, ROWS),
        "sick": generator.integers(0, 2, ROWS).astype("float32"),
        "age": generator.normal(size=ROWS),
        "signs": generator.integers(0, 2, (ROWS, 2)),
    }


def _frame(labels):
    signs = dict(zip(("fever", "cough"), labels["signs"].T, strict=True))
    rest = {name: labels[name] for name in ("age", "kind", "sick")}
    return pd.DataFrame({**rest, **signs})


FORMS = {
    "list": lambda labels: list(labels.values()),
    "frame": _frame,
    "one-hot": lambda labels: {
        **labels,
        "kind": np.eye(3)[labels["kind"]],
        "sick": np.eye(2)[labels["sick"].astype(int)],
    },
    "class names": lambda labels: {
        **labels,
        "kind": np.array(list("abc"))[labels["kind"]],
        "sick": pd.Series(np.array(["no", "yes"])[labels["sick"].astype(int)]),
    },
    "python lists": lambda labels: {n: v.tolist() for n, v in labels.items()},
    "tensors": lambda labels: {n: tf.constant(v) for n, v in labels.items()},
    "columns": lambda labels: {**labels, "signs": list(labels["signs"].T)},
    "booleans": lambda labels: {**labels, "sick": labels["sick"] == 1},
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_are_the_same_labels(labels, form):
    read = read_labels(TASKS, FORMS[form](labels))
    assert set(read) == set(labels)
    for name, values in labels.items():
        np.testing.assert_allclose(np.reshape(read[name], values.shape), values)


def test_missing_labels_stay_missing(labels):
    names = pd.Series(["a", None, "c"], dtype=object)
    one_hot = np.array([[1, 0], [np.nan, np.nan], [0, 1]])
    read = read_labels(TASKS[:2], {"kind": names, "sick": one_hot})
    np.testing.assert_array_equal(read["kind"], [0, np.nan, 2])
    np.testing.assert_array_equal(read["sick"], [0, np.nan, 1])
    # So are integers: of a class index, and of less than half of yes or no.
    kind, sick = np.array([-1, -1, 2, -1]), np.array([0, 1, -1, 1])
    read = read_labels(TASKS[:2], {"kind": kind, "sick": sick})
    np.testing.assert_array_equal(read["kind"], kind)
    np.testing.assert_array_equal(read["sick"], sick)


@pytest.mark.parametrize(
    ("task", "values", "words"),
    [
        ("kind", [0, 1, 3], "'kind'.*from 0 to 2.*3 in row 2"),
        ("kind", [1, 2, 3], "3 in row 2.*Indices count from 0"),
        ("kind", [0, -2, 1], "-2 in row 1"),
        ("kind", [0, 1.5, 1], "1.5 in row 1"),
        ("kind", [[1, 0, 0], [1, 1, 0], [0, 0, 1]], "one-hot.*row 1"),
        ("kind", ["a", "bb", "c"], "'bb' in row 1.*Did you mean 'b'"),
        ("sick", [1, 2, 1], "'sick'.*0 and 1.*2 in row 1"),
        ("sick", [0, 255, 255], "255 in row 1, and as bad in 1 more"),
        ("sick", [1, -1, 1], "-1 in row 1.*pass 0 in its place"),
        ("sick", [0, 1, -1, -1], "-1 in row 2"),
        ("sick", ["yes", "noo", "no"], "'noo' in row 1.*Did you mean 'no'"),
        ("signs", [[0, 1], [1, 2]], "'signs'.*2 in row 1"),
        ("age", [1.0, "old", 2.0], "'age'.*numbers.*'old' in row 1"),
        ("age", 3.0, "a label per row"),
    ],
)
def test_labels_that_a_task_does_not_know_are_refused(task, values, words):
    if isinstance(values, list) and any(isinstance(each, str) for each in values):
        values = np.array(values, dtype=object)
    with pytest.raises(ValueError, match=words):
        read_labels(TASKS, {task: np.asarray(values)})


def test_labels_of_a_users_loss_are_as_the_loss_takes_them():
    hinge = np.array([-1, 1, -1])
    assert read_labels(TASKS, {"sick": hinge}, {"sick"})["sick"] is hinge


@pytest.mark.parametrize("name", ["fit", "evaluate", "train_on_batch", "validation"])
def test_every_way_in_checks_arrays(make_model, data, name):
    inputs, labels = data
    wrong = {**labels, "sick": labels["sick"] + 1}
    model = make_model()
    model.compile()
    before = model.get_weights()
    arguments = {"x": inputs, "y": wrong}
    if name == "validation":
        arguments = {"x": inputs, "y": labels, "validation_data": (inputs, wrong)}
    call = getattr(model, "fit" if name == "validation" else name)
    with pytest.raises(ValueError, match=r"'sick'.*2 in row"):
        call(**arguments)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_members_check_labels_too(make_model, data):
    inputs, labels = data
    wrong = {**labels, "sick": labels["sick"] * 255}
    settings = TrainingSettings(members=2, epochs=1)
    with pytest.raises(ValueError, match=r"'sick'.*255 in row"):
        fit_members(make_model(), inputs, wrong, settings)


@pytest.mark.parametrize("argument", ["y", "sample_weight", "class_weight"])
def test_a_misspelled_task_is_refused_with_the_nearest(make_model, data, argument):
    inputs, labels = data
    model = make_model()
    model.compile()
    value = {"sickk": {1: 2.0} if argument == "class_weight" else labels["sick"]}
    given = {"y": labels, argument: value}
    with pytest.raises(ValueError, match=rf"`{argument}`.*'sickk'.*'sick'"):
        model.fit(inputs, verbose=0, **given)


def test_a_misspelled_column_or_task_of_a_dataset_is_refused(make_model, data):
    inputs, labels = data
    with pytest.raises(ValueError, match=r"'fevre'\. Did you mean 'fever'"):
        read_labels(TASKS, pd.DataFrame({"age": [1.0], "fevre": [0], "cough": [1]}))
    model = make_model()
    model.compile()
    rows = tf.data.Dataset.from_tensor_slices((inputs, {"sickk": labels["sick"]}))
    with pytest.raises(ValueError, match=r"'sickk'\. Did you mean 'sick'"):
        model.fit(rows.batch(32), verbose=0)


def test_one_array_for_several_tasks_is_refused(make_model, data):
    model = make_model()
    model.compile()
    with pytest.raises(ValueError, match=r"one array of shape .* for 3 tasks"):
        model.fit(data[0], np.zeros((96, 3)), verbose=0)


@pytest.mark.parametrize("in_memory", [True, False])
def test_only_labeled_tasks_are_reported(make_model, data, in_memory):
    inputs, labels = data
    one, other = {"sick": labels["sick"]}, {"age": labels["age"]}
    model = make_model()
    model.compile(keras.optimizers.SGD(0.1))
    if in_memory:
        given = {"x": inputs, "y": one, "validation_data": (inputs, other)}
    else:
        rows = [tf.data.Dataset.from_tensor_slices((inputs, y)) for y in (one, other)]
        given = {"x": rows[0].batch(32), "validation_data": rows[1].batch(32)}
    history = model.fit(**given, epochs=2, verbose=0, shuffle=False).history
    assert set(history) == {
        *("loss", "sick_loss", "sick_accuracy", "sick_auc"),
        *("val_loss", "val_age_loss", "val_age_mae", "val_age_mse"),
    }
    assert history["loss"] == history["sick_loss"]


def test_one_hot_rows_of_a_dataset_are_class_indices(make_model, data):
    inputs, labels = data
    index = np.nan_to_num(labels["kind"]).astype(int)
    values = []
    for kind in (index, np.eye(3)[index]):
        model = make_model()
        model.compile()
        rows = tf.data.Dataset.from_tensor_slices((inputs, {"kind": kind})).batch(32)
        values.append(model.evaluate(rows, verbose=0))
    np.testing.assert_allclose(*values, rtol=1e-6)


def test_a_task_alone_takes_one_array_or_list():
    labels = [0, 1, 1]
    for values in (labels, np.array(labels), pd.Series(labels), [np.array(labels)]):
        assert read_labels([TASKS[1]], values)["sick"].tolist() == labels
    model = build_hard_sharing(2, [TASKS[1]], trunk=())
    model.compile()
    logs = model.evaluate(np.ones((3, 2)), labels, verbose=0, return_dict=True)
    assert "sick_accuracy" in logs


def test_balanced_classes_have_the_same_total(labels):
    labels["kind"] = np.array([0] * 20 + [1] * 6 + [-1] * 4)
    tables = class_weight_tables(TASKS, "balanced", labels)
    assert set(tables) == {"kind", "sick"}
    np.testing.assert_allclose(20 * tables["kind"][0], 6 * tables["kind"][1])
    np.testing.assert_allclose(20 * tables["kind"][0] + 6 * tables["kind"][1], 26)


@pytest.mark.parametrize(
    "weights", [{0.0: 1.0, 1.0: 2.0}, {"yes": 2.0}, [1, 2], np.array([1.0, 2.0])]
)
def test_class_weights_come_in_any_plain_form(weights):
    expected = np.array([1, 2], "float32")
    table = class_weight_tables(TASKS, {"sick": weights})["sick"]
    np.testing.assert_array_equal(table, expected)
    alone = class_weight_tables([TASKS[1]], weights)["sick"]
    np.testing.assert_array_equal(alone, expected)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([1, 2, 3], "a weight per class of task 'sick'"),
        ("balance", "'balanced'"),
        ("balanced", "labels in arrays"),
        ({0.5: 1.0}, "or its index"),
    ],
)
def test_other_class_weights_are_refused(weights, words):
    with pytest.raises(ValueError, match=words):
        class_weight_tables(TASKS, {"sick": weights})
