"""Which answers are yes, however a file writes them."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from keras_mtl.errors import DataWarning, UserError
from keras_mtl.tasks import BinaryTask, MultilabelTask


def resolve(values, **settings):
    frame = pd.DataFrame({"y": pd.Series(values, dtype=object)})
    task = BinaryTask("y", **settings).resolve(frame, "a.csv")
    return task.class_words, task.encode_labels(frame).tolist()


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["no", "yes"], ("no", "yes")),
        (["0", "1"], ("0", "1")),
        ([0, 1], ("0", "1")),
        ([0.0, 1.0], ("0", "1")),
        (["0.0", "1.0"], ("0", "1")),
        (["1", "2"], ("1", "2")),
        (["-1", "1"], ("-1", "1")),
        (["False", "True"], ("False", "True")),
        ([False, True], ("false", "true")),
        (["healthy", "cancer"], ("healthy", "cancer")),
        (["no", "adenoma"], ("no", "adenoma")),
        (["negative", "positive"], ("negative", "positive")),
        (["b", "c"], ("b", "c")),
        (["03", "04"], ("03", "04")),
    ],
)
def test_the_positive_answer_is_the_one_a_reader_expects(values, classes):
    assert resolve(values) == (classes, [0.0, 1.0])
    assert resolve([*values[::-1], None])[0] == classes
    assert np.isnan(resolve([*values, None])[1][-1])


def test_spellings_of_two_words_are_two_classes():
    with pytest.warns(DataWarning, match="'FALSE', 'True', 'true' differ by their"):
        found = resolve(["True", "true", "true", "FALSE"])
    assert found == (("FALSE", "true"), [1.0, 1.0, 1.0, 0.0])


def test_declared_classes_are_found_in_any_case():
    assert resolve(["Yes", "NO"], classes=("no", "yes"))[1] == [1.0, 0.0]


def test_multilabel_words_are_found_in_any_case():
    frame = pd.DataFrame({"f": ["YES", "no", "yes", None], "g": [0, 1, 0, 1]})
    task = MultilabelTask("y", labels=("f", "g"))
    with pytest.warns(DataWarning, match="column 'f'"):
        labels = task.resolve(frame, "a.csv").encode_labels(frame)
    np.testing.assert_array_equal(labels, [[1, 0], [0, 1], [1, 0], [np.nan, 1]])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("> 0", [0, 1, 1, np.nan]),
        (">=2", [0, 0, 1, np.nan]),
        ("< 2", [1, 1, 0, np.nan]),
        ("<=0", [1, 0, 0, np.nan]),
        ("== 2", [0, 0, 1, np.nan]),
        ("=2.0", [0, 0, 1, np.nan]),
        ("2", [0, 0, 1, np.nan]),
        ("!= 0", [0, 1, 1, np.nan]),
    ],
)
@pytest.mark.parametrize("write", [int, float, str, lambda value: f"{value}.0"])
def test_rules_hold_for_numbers_however_they_are_written(rule, expected, write):
    values = [write(0), write(1), write(2), None]
    _, labels = resolve(values, positive=rule)
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ("==Hungary", ["Hungary", "Cleveland"], [1, 0]),
        ("Hungary", ["Hungary", "Cleveland"], [1, 0]),
        ("!=Hungary", ["Hungary", "Cleveland"], [0, 1]),
        ("==True", ["TRUE", "false"], [1, 0]),
        ("==01", ["01", "x"], [1, 0]),
    ],
)
def test_rules_hold_for_words(rule, values, expected):
    assert resolve(values, positive=rule) == (("no", "yes"), expected)


def test_a_rule_that_no_row_obeys_suggests_the_nearest_word():
    with pytest.raises(UserError, match=r"0 positive rows. Did you mean 'Hungary'"):
        resolve(["Hungary", "Cleveland"], positive="==Hungray")


@pytest.mark.parametrize("rule", ["", ">", "> x", "==", "  ", [1], {"a": 1}])
def test_rules_that_say_nothing_are_refused(rule):
    with pytest.raises(ValidationError):
        BinaryTask("y", positive=rule)


def test_a_rule_is_never_executed():
    assert resolve(["x", "__import__('os')"], positive="==__import__('os')")[1] == [
        0,
        1,
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"classes": ("a", "A")},
        {"threshold": 1.5},
        {"label_smoothing": 1},
        {"loss_weight": -1},
        {"widths": [0]},
        {"activation": "rellu"},
    ],
)
def test_settings_that_can_not_be_are_refused(settings):
    with pytest.raises(ValidationError):
        BinaryTask("y", **settings)


def test_more_than_two_classes_are_refused_with_both_mends():
    with pytest.raises(UserError, match=r"y:binary:y==c.*kind multiclass"):
        resolve(["a", "b", "c"])
