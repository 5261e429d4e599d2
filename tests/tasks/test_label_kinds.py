"""Labels of several classes, of several columns, and of numbers."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from keras_mtl.errors import DataWarning, UserError
from keras_mtl.tasks import (
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
    deserialize_task,
)
from keras_mtl.tasks.kinds import parse_task


def frame_of(*values):
    return pd.DataFrame({"y": pd.Series(values, dtype=object)})


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["b", "a", None], ("a", "b")),
        (["10", "9", "2"], ("2", "9", "10")),
        ([1.0, 3, None], ("1", "3")),
        (["1.0", "2", "0.5"], ("0.5", "1", "2")),
        (["03", "10"], ("03", "10")),
        ([" é", "e"], ("e", "é")),
    ],
)
def test_classes_are_those_of_the_data_in_their_order(values, classes):
    assert MulticlassTask("y").resolve(frame_of(*values), "a.csv").classes == classes


def test_declared_classes_keep_their_order_and_may_be_numbers_in_toml():
    task = MulticlassTask("y", classes=(2, 1, 3))
    assert task.classes == ("2", "1", "3")
    labels = task.encode_labels(frame_of("1", "2", "3.0", None))
    np.testing.assert_array_equal(labels, [1, 0, 2, np.nan])


def test_a_declared_class_without_rows_is_warned_of():
    with pytest.warns(DataWarning, match="no row has the class 'c' of task 'y'"):
        MulticlassTask("y", classes=("a", "b", "c")).resolve(frame_of("a", "b"), "a")


def test_classes_that_differ_by_case_are_kept_and_warned_of():
    with pytest.warns(DataWarning, match="'A', 'a' differ by their case alone"):
        task = MulticlassTask("y").resolve(frame_of("a", "A", "b"), "a.csv")
    assert task.classes == ("A", "a", "b")


@pytest.mark.parametrize("other", ["caf\u0065\u0301 a", "caf\u00e9\u00a0a"])
def test_classes_that_look_alike_are_kept_and_warned_of(other):
    with pytest.warns(DataWarning, match=r"'caf\\xe9 a'.* look alike and were kept"):
        MulticlassTask("y").resolve(frame_of("caf\u00e9 a", other, "b"), "a.csv")


def test_a_number_a_row_is_no_set_of_classes():
    with pytest.raises(UserError, match="Use the kind regression"):
        MulticlassTask("y").resolve(frame_of(*np.linspace(0, 1, 50)), "a.csv")


def test_the_most_probable_class_is_the_answer():
    task = MulticlassTask("y", classes=("a", "b"))
    columns = task.decode(np.array([[0.4, 0.6], [0.9, 0.1]]))
    assert columns["y_class"].tolist() == ["b", "a"]
    assert list(columns) == ["y_class", "y_probability[a]", "y_probability[b]"]


@pytest.mark.parametrize("value", ["x", "inf", "-inf", "1e39", "1,5"])
def test_numbers_that_are_none_are_told_with_their_row(value):
    with pytest.raises(UserError, match=f"expects finite numbers.*'{value}' in data"):
        RegressionTask("y").resolve(frame_of("1", "2", value), "a.csv")


def test_a_regression_learns_the_unit_of_its_labels():
    task = RegressionTask("y").learn(np.array([10.0, 30.0, np.nan], "float32"))
    assert (task.mean, task.scale) == (20, 10)
    assert RegressionTask("y").learn(np.array([np.nan])).scale == 1
    assert RegressionTask("y").learn(np.array([5.0, 5.0])).scale == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"labels": ()},
        {"labels": ("f", "f")},
        {"labels": ("f", "g"), "positives": ("1",)},
    ],
)
def test_multilabel_settings_that_can_not_be_are_refused(settings):
    with pytest.raises(ValidationError):
        MultilabelTask("y", **settings)


def test_given_labels_are_listed_in_the_answer():
    task = MultilabelTask("y", labels=("f", "g"), threshold=0.4)
    columns = task.decode(np.array([[0.5, 0.4], [0.1, 0.9], [0.1, 0.1]]))
    assert columns["y_class"].tolist() == ["f|g", "g", ""]
    assert list(columns) == ["y_class", "y_probability[f]", "y_probability[g]"]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("churn:binary", {"kind": "binary", "name": "churn"}),
        ("a:binary:b", {"kind": "binary", "name": "a", "column": "b"}),
        (
            "a:binary:b != 0",
            {"kind": "binary", "name": "a", "column": "b", "positive": "!= 0"},
        ),
        (
            "a:binary:>=2",
            {"kind": "binary", "name": "a", "column": "a", "positive": ">=2"},
        ),
        ("a:regression:b:c", {"kind": "regression", "name": "a", "column": "b:c"}),
        (
            "a:multilabel:b, c",
            {"kind": "multilabel", "name": "a", "labels": ["b", "c"]},
        ),
    ],
)
def test_tasks_are_read_from_a_flag(text, fields):
    assert parse_task(text) == fields
    assert deserialize_task(fields).name == fields["name"]


@pytest.mark.parametrize("text", ["", "a", ":", ":binary", "a:"])
def test_flags_that_are_no_task_are_refused(text):
    with pytest.raises(ValueError, match="expected"):
        deserialize_task(parse_task(text))
