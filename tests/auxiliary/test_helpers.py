"""What auxiliary tasks are made of, and what they become."""

import pandas as pd
import pytest
from pydantic import ValidationError

from keras_mtl.auxiliary import (
    AUXILIARY_KINDS,
    Hindsight,
    Hint,
    MissingPattern,
    Reconstruction,
    Smoothed,
    deserialize_helper,
    parse_auxiliary,
    serialize_helper,
)
from keras_mtl.errors import UserError
from keras_mtl.features import CategoricalFeature, NumericFeature

FRAME = pd.DataFrame(
    {
        "age": [63.0, 41.0, 50.0, 71.0],
        "pain": ["yes", "no", "no", None],
        "slope": ["flat", "up", "down", "up"],
        "ill": ["sick", "well", "well", "sick"],
        "num": [0, 1, 3, 0],
        "thal": ["normal", None, None, "fixed"],
        "id": ["r1", "r2", "r3", "r4"],
    }
)
FEATURES = [NumericFeature("age"), CategoricalFeature("pain")]


def make(helper, features=FEATURES):
    return helper.make(FRAME, features if helper.needs_features else (), "rows.csv")


EXAMPLES = {
    "hint": (Hint("h", expression="age > 45"), ["binary"]),
    "hindsight": (Hindsight("h", columns=("age", "pain")), ["regression", "binary"]),
    "smoothed": (Smoothed("h", column="num"), ["multilabel"]),
    "missing-pattern": (MissingPattern("h"), ["multilabel"]),
    "reconstruction": (Reconstruction("h"), ["regression"]),
}


@pytest.mark.parametrize("kind", list(AUXILIARY_KINDS))
def test_every_kind_is_plain_values_and_makes_auxiliary_tasks(kind):
    helper, kinds = EXAMPLES[kind]
    assert helper.kind == kind
    assert deserialize_helper(serialize_helper(helper)) == helper
    made = make(helper.replace(loss_weight=0.6, widths=(5,)))
    assert [task.kind for task in made.tasks] == kinds
    assert all(task.auxiliary and task.widths == (5,) for task in made.tasks)
    assert sum(task.loss_weight for task in made.tasks) == pytest.approx(0.6)
    # Labels come from the file or are computed.
    for task in made.tasks:
        for column in task.label_columns:
            assert column in made.computed or column in FRAME


def test_a_hint_that_is_a_column_is_that_column_as_a_label():
    made = make(Hint("h", expression="slope"))
    (task,) = made.tasks
    assert (task.kind, task.label_columns) == ("multiclass", ("slope",))
    assert Hint("h", expression="slope").label_columns == ("slope",)
    assert Hint("h", expression="age + 1").label_columns == ()
    assert make(Hint("h", expression="age + 1")).tasks[0].kind == "regression"


def test_two_categories_are_a_binary_task():
    (task,) = make(Hindsight("h", columns=("ill",))).tasks
    assert (task.name, task.kind) == ("h_ill", "binary")


def test_levels_become_thresholds_between_them():
    made = make(Smoothed("grade", column="num"))
    assert dict(made.computed) == {"grade_over_0": "num > 0", "grade_over_1": "num > 1"}
    number = make(Smoothed("num", form="number"))
    assert number.tasks[0].label_columns == ("num",)
    with pytest.raises(UserError, match="3 to 20 ordered levels"):
        make(Smoothed("grade", column="ill"))


def test_the_missing_pattern_is_of_columns_that_are_not_inputs():
    assert dict(make(MissingPattern("h")).computed) == {"h_thal": "not missing(thal)"}
    with pytest.raises(UserError, match="some values are missing and some are not"):
        make(MissingPattern("h", columns=("num",)))


def test_only_numeric_inputs_are_given_back():
    assert [task.name for task in make(Reconstruction("h")).tasks] == ["h_age"]
    with pytest.raises(UserError, match=r"numeric inputs\. Received: 'slope'"):
        make(Reconstruction("h", columns=("slope",)))


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "hint", "name": "h"},
        {"kind": "hint", "name": "h", "expression": "age >"},
        {"kind": "hindsight", "name": "h"},
        {"kind": "hindsight", "name": "h", "columns": ["a", "a"]},
        {"kind": "smoothed", "name": "h", "form": "other"},
        {"kind": "hindsight", "name": "h", "columns": ["a"], "loss_weight": -1},
    ],
)
def test_wrong_fields_are_refused(values):
    with pytest.raises(ValidationError):
        deserialize_helper(values)


def test_absent_columns_are_all_reported():
    with pytest.raises(UserError) as error:
        make(Hindsight("h", columns=("agee", "pian")))
    first, second = error.value.messages
    assert first.endswith("Did you mean 'age'?")
    assert second.endswith("Did you mean 'pain'?")


@pytest.mark.parametrize(
    ("text", "table", "values"),
    [
        ("h:hint:a >= 1:2", "auxiliary", {"expression": "a >= 1:2"}),
        ("h:hindsight:a, b", "auxiliary", {"columns": ["a", "b"]}),
        ("h:smoothed:num", "auxiliary", {"column": "num"}),
        ("h:missing-pattern", "auxiliary", {}),
        ("h:binary:num>0", "tasks", {"column": "num", "positive": ">0"}),
    ],
)
def test_a_flag_is_a_task_or_what_makes_one(text, table, values):
    found = parse_auxiliary(text)
    kind = text.split(":")[1]
    extra = {"auxiliary": True} if table == "tasks" else {}
    assert found == (table, {"kind": kind, "name": "h", **values, **extra})


def test_an_unknown_kind_names_the_nearest_one():
    with pytest.raises(ValueError, match="Did you mean 'hindsight'"):
        parse_auxiliary("h:hindsigth:a")
