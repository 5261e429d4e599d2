"""Columns computed from others, without executing anything."""

import numpy as np
import pandas as pd
import pytest

from keras_mtl.errors import UserError
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.expressions import (
    compute_column,
    parse_expression,
    quote_column,
)

NAN = float("nan")
COLUMNS = {
    "age": pd.Series([40.0, 60.0, NAN, 70.0], name="age"),
    "pulse": pd.Series([190, 110, 90, 150], name="pulse"),
    "sex": pd.Series(["m", "f", None, "m"], name="sex"),
    "blood pressure": pd.Series([120.0, NAN, 130.0, 140.0]),
}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("pulse - 220 + age", [10, -50, NAN, 0]),
        ("-age ** 2 / 100", [-16, -36, NAN, -49]),
        ("pulse >= 220 - age", [1, 0, NAN, 1]),
        ("30 < age <= 60", [1, 1, NAN, 0]),
        ("100 < age < pulse", [0, 0, NAN, 0]),
        ("sex == 'm'", [1, 0, NAN, 1]),
        ("sex not in ('f', 'x')", [1, 0, NAN, 1]),
        ("age in (40, 70)", [1, 0, NAN, 1]),
        ("`blood pressure` > 125", [0, NAN, 1, 1]),
        ("missing(`blood pressure`)", [0, 1, 0, 0]),
        ("not missing(age)", [1, 1, 0, 1]),
        # One no decides `and`, one yes decides `or`, whatever else is missing.
        ("age > 50 and pulse > 100", [0, 1, 0, 1]),
        ("age > 50 and pulse > 80", [0, 1, NAN, 1]),
        ("age > 50 or pulse > 80", [1, 1, 1, 1]),
        ("age > 65 or pulse > 200", [0, 0, NAN, 1]),
        ("1 / (pulse - 110)", [1 / 80, NAN, -1 / 20, 1 / 40]),
        ("log(pulse - 110)", [np.log(80), NAN, NAN, np.log(40)]),
    ],
)
def test_values_and_what_is_unknown(text, values):
    expression = parse_expression(text)
    found = expression({name: COLUMNS[name] for name in expression.columns})
    np.testing.assert_allclose(found, values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "age >",
        "__import__('os').system('true')",
        "age.values",
        "age[0]",
        "(lambda: age)()",
        "[each for each in age]",
        "age if age > 3 else 4",
        "eval('age')",
        "age + sex == 'm'",
        "sex < 'm'",
        "age and pulse",
        "not age",
        "(age > 3) + 1",
        "age == True",
        "age is pulse",
        "3 > 2",
        "'m'",
        "missing(age + 1)",
        "log(age, 2)",
        "f'{age}'",
        "1e999 > age",
        "(" * 300 + "age" + ")" * 300,
        "-" * 990 + "age",
        "age + " * 400 + "age",
    ],
)
def test_all_else_is_refused(text):
    with pytest.raises(ValueError, match=r"expect|not understood"):
        parse_expression(text)


def test_a_column_is_computed_in_runs_of_rows_with_numbers_that_mean_missing(
    monkeypatch,
):
    monkeypatch.setattr("keras_mtl.tables.expressions.ROWS_AT_ONCE", 2)
    frame = ColumnStore({"chol": np.array([0.0, 200.0, 300.0, 0.0, 250.0])})
    expression = parse_expression("chol > 220")
    compute_column(frame, "high", expression, "rows.csv", {"chol": [0]})
    np.testing.assert_array_equal(frame["high"], [NAN, 0, 1, NAN, 1])
    assert frame["chol"].tolist()[0] == 0


def test_errors_say_what_is_wrong_with_the_data():
    frame = ColumnStore({"chol": np.array([1.0]), "age": np.array([2.0])})
    with pytest.raises(UserError) as error:
        compute_column(frame, "age", parse_expression("choll > 3"), "rows.csv")
    absent, taken = error.value.messages
    assert "'choll', which is not there. Did you mean 'chol'?" in absent
    assert "a name that no column of the file has" in taken
    with pytest.raises(UserError, match="numbers in column 'sex'"):
        parse_expression("sex > 3")({"sex": COLUMNS["sex"]})


@pytest.mark.parametrize("name", ["age", "blood pressure", "if", "größe", "x-y"])
def test_any_name_can_be_quoted(name):
    expression = parse_expression(quote_column(name))
    assert expression.column == name
