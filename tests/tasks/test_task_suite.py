"""What every kind of task must do: add a new kind to `CASES`."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.errors import UserError
from keras_mtl.tasks import (
    TASK_KINDS,
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
    deserialize_task,
    serialize_task,
)

ROWS = 90
GENERATOR = np.random.default_rng(0)
FEATURES = GENERATOR.normal(size=(ROWS, 3)).astype("float32")
FRAME = pd.DataFrame(
    {
        "sick": np.where(FEATURES[:, 0] > 0, "yes", "no"),
        "num": np.digitize(FEATURES[:, 0], [-0.5, 0.5]),
        "stage": np.array(["I", "II", "III"])[np.digitize(FEATURES[:, 1], [-0.5, 0.5])],
        "cost": 1000 + 100 * FEATURES[:, 2],
        "bill": np.exp(2 * FEATURES[:, 2]),
        "fever": (FEATURES[:, 0] > 0).astype(int),
        "cough": np.where(FEATURES[:, 1] > 0, "True", "False"),
    }
)
CASES = {
    "binary": BinaryTask("sick"),
    "binary by a rule": BinaryTask("sick", column="num", positive="> 1"),
    "multiclass": MulticlassTask("stage", label_smoothing=0.1),
    "regression": RegressionTask("cost"),
    "regression of logarithms": RegressionTask("bill", transform="log", clip=True),
    "regression by quantiles": RegressionTask("bill", transform="quantile"),
    "multilabel": MultilabelTask("findings", labels=("fever", "cough")),
}


@pytest.fixture(params=CASES)
def task(request):
    return CASES[request.param]


@pytest.fixture
def resolved(task):
    task = task.resolve(FRAME, "a.csv")
    return task.learn(task.encode_labels(FRAME))


def test_every_kind_is_here():
    assert {task.kind for task in CASES.values()} == set(TASK_KINDS)


def test_plain_values_make_the_same_task(task, resolved):
    for each in (task, resolved):
        values = json.loads(json.dumps(serialize_task(each)))
        assert deserialize_task(values) == each


def test_what_is_resolved_stays_when_resolved_again(resolved):
    assert resolved.resolve(FRAME, "a.csv") == resolved


def test_labels_are_numbers_and_missing_ones_nan(resolved):
    frame = FRAME.astype(object)
    frame.loc[::2, list(resolved.label_columns)] = None
    labels = resolved.encode_labels(frame)
    assert labels.dtype == "float32"
    assert len(labels) == ROWS
    missing = np.isnan(labels.reshape(ROWS, -1)).all(axis=1)
    np.testing.assert_array_equal(missing, np.arange(ROWS) % 2 == 0)
    np.testing.assert_array_equal(labels[1::2], resolved.encode_labels(FRAME)[1::2])


def test_labels_without_any_row_or_word_are_encoded(resolved):
    columns = list(resolved.label_columns)
    assert len(resolved.encode_labels(FRAME.iloc[:0])) == 0
    nothing = FRAME.assign(**dict.fromkeys(columns, np.nan))
    assert np.isnan(resolved.encode_labels(nothing)).all()


def test_sure_outputs_are_decoded_to_the_labels(resolved):
    labels = resolved.encode_labels(FRAME)
    if resolved.kind == "multiclass":
        outputs = np.eye(resolved.units)[labels.astype(int)]
    else:
        outputs = labels.reshape(ROWS, -1)
    answer = "value" if resolved.kind == "regression" else "class"
    decoded = resolved.decode(outputs)
    assert all(len(column) == ROWS for column in decoded.values())
    assert all(name.startswith(f"{resolved.name}_") for name in decoded)
    np.testing.assert_array_equal(
        decoded[f"{resolved.name}_{answer}"], resolved.decode_labels(labels)
    )
    metrics = resolved.measure(labels, outputs)
    assert metrics["rows"] == ROWS
    assert metrics.get("accuracy", 1) == 1
    assert metrics.get("mse", 0) == 0


def test_the_answer_to_a_missing_label_is_empty(resolved):
    labels = resolved.encode_labels(FRAME)
    labels[0] = np.nan
    answer = resolved.decode_labels(labels)[0]
    assert answer == "" or np.isnan(answer)


def test_the_head_answers_in_float32_under_its_name(resolved):
    layer = resolved.output_layer()
    assert layer.name == resolved.name
    assert layer.compute_dtype == "float32"
    assert layer(np.ones((2, 4), "float32")).shape == (2, resolved.units)


def test_a_fit_lowers_the_loss_with_missing_labels(resolved):
    keras.utils.set_random_seed(0)
    labels = resolved.encode_labels(FRAME)
    labels[::3] = np.nan
    model = build_hard_sharing(3, [resolved.replace(widths=(8,))], trunk=(16,))
    # Compiling by XLA would take longer than the fit.
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    history = model.fit(
        FEATURES, {resolved.name: labels}, epochs=8, batch_size=16, verbose=0
    ).history
    assert np.isfinite(np.concatenate(list(map(np.ravel, history.values())))).all()
    assert history["loss"][-1] < 0.8 * history["loss"][0]


def test_an_absent_column_is_told_with_the_tasks_name_and_the_nearest(task):
    (column, *_) = task.label_columns
    frame = FRAME.rename(columns={column: f"{column}s"})
    with pytest.raises(UserError) as error:
        task.resolve(frame, "a.csv")
    (message,) = error.value.messages
    assert message.startswith(f"a.csv: task {task.name!r} expects")
    assert f"Did you mean '{column}s'?" in message


def test_an_empty_column_and_one_of_one_value_are_told(task):
    (column, *_) = task.label_columns
    for value in (None, "1"):
        frame = FRAME.assign(**{column: value})
        with pytest.raises(UserError) as error:
            task.resolve(frame, "a.csv")
        (message,) = error.value.messages
        assert message.startswith(f"a.csv, column {column!r}: ")
        assert f"task {task.name!r} expects" in message


def test_labels_that_a_task_does_not_know_are_told_with_their_rows(resolved):
    if resolved.kind == "multilabel":
        pytest.skip("all but its word for yes means no")
    (column,) = resolved.label_columns
    frame = FRAME.astype({column: object})
    frame.loc[3, column] = "nonsense"
    (message,) = resolved.check_labels(frame, "t.csv")
    assert f"t.csv, column {column!r}: task {resolved.name!r} expects" in message
    assert "Received: 'nonsense' in data row 4." in message
    assert np.isnan(resolved.encode_labels(frame)[3])
    assert resolved.check_labels(FRAME, "t.csv") == []


def test_every_metric_has_a_direction(resolved):
    labels = resolved.encode_labels(FRAME)
    outputs = np.full((ROWS, resolved.units), 1 / resolved.units)
    measured = set(resolved.measure(labels, outputs)) - {"rows"}
    assert measured <= set(resolved.metric_directions)
    assert set(resolved.metric_directions.values()) <= {"min", "max"}


def test_classes_are_named_in_the_order_of_their_indices(resolved):
    labels = resolved.encode_labels(FRAME)
    if not resolved.class_names:
        assert resolved.kind in {"regression", "multilabel"}
        return
    for code, name in enumerate(resolved.class_names):
        assert resolved.decode_labels(np.array([float(code)]))[0] == name
    assert set(np.unique(labels)) <= set(range(len(resolved.class_names)))


def test_groups_of_labels_hold_every_labeled_row_once_per_column(resolved):
    labels = resolved.encode_labels(FRAME)
    labels[::4] = np.nan
    known = ~np.isnan(labels.reshape(ROWS, -1))
    rows = {column: np.zeros(ROWS, int) for column in resolved.label_columns}
    for column, _, has in resolved.label_groups(labels):
        rows[column] += has
    for column, mask in zip(rows, known.T, strict=True):
        np.testing.assert_array_equal(rows[column], mask)


def test_class_labels_are_those_of_the_rows(resolved):
    frame = FRAME.astype(object)
    frame.loc[::2, list(resolved.label_columns)] = None
    classes = resolved.class_labels(frame)
    if resolved.kind == "regression":
        assert classes == {}
        return
    assert list(classes) == list(resolved.label_columns)
    for column, names in classes.items():
        np.testing.assert_array_equal(names.isna(), frame[column].isna())
        assert names.nunique() >= 2


def test_strata_are_numbers_of_the_rows(resolved):
    labels = resolved.encode_labels(FRAME)
    strata = resolved.strata(labels)
    assert len(strata) == ROWS
    np.testing.assert_array_equal(np.isnan(strata), np.isnan(labels))


def test_clients_are_told_what_outputs_mean(resolved):
    described = json.loads(json.dumps(resolved.metadata()))
    assert described["columns"] == list(resolved.label_columns)
    if resolved.class_names:
        assert described["classes"] == list(resolved.class_names)
    assert ("threshold" in described) == hasattr(resolved, "threshold")
