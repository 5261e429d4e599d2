"""Checks of columns name the column, the row, what was found and the mend."""

import numpy as np
import pandas as pd
import pytest

from keras_mtl.errors import DataWarning
from keras_mtl.tables import (
    drop_uninformative,
    find_infinite,
    find_non_numeric,
    rare_classes,
    read_csv,
    require_columns,
)


def test_require_columns_tells_each_missing_name_once_with_the_nearest():
    frame = pd.DataFrame(columns=["age", "thalach", "chol"])
    names = ["age", "thalch", "zzz", "thalch"]
    messages = require_columns(frame, names, "feature", "a.csv")
    assert len(messages) == 2
    assert messages[0].startswith("a.csv: expected a column 'thalch' (feature)")
    assert "Did you mean 'thalach'?" in messages[0]
    assert "Did you mean" not in messages[1]
    assert "age, thalach, chol" in messages[1]
    assert require_columns(frame, ["chol", "age"], "feature", "a.csv") == []


def test_find_non_numeric_shows_three_values_and_counts_the_others():
    frame = pd.DataFrame({"age": ["63", "a", np.nan, "b", "1e3", "c", "d", "e"]})
    (message,) = find_non_numeric(frame, "age", "a.csv")
    assert "'a' in data row 2, 'b' in data row 4, 'c' in data row 6 and 2 more" in (
        message
    )
    assert "column 'age': expected numbers" in message


@pytest.mark.parametrize(
    "values",
    [["1", "2.5", None], [1, 2, 3], [1.5, np.nan, np.inf], [None, None, None]],
)
def test_find_non_numeric_accepts_numbers_and_missing_values(values):
    assert find_non_numeric(pd.DataFrame({"a": values}), "a", "a.csv") == []


def test_find_non_numeric_shortens_long_values():
    frame = pd.DataFrame({"a": ["x" * 1000]})
    (message,) = find_non_numeric(frame, "a", "a.csv")
    assert len(message) < 200


def test_find_infinite():
    frame = pd.DataFrame({"a": [1.0, np.inf, np.nan, -np.inf], "b": list("wxyz")})
    (message,) = find_infinite(frame, "a", "a.csv")
    assert "inf in data row 2, -inf in data row 4." in message
    assert find_infinite(frame, "b", "a.csv") == []
    assert find_infinite(frame.iloc[[0, 2]], "a", "a.csv") == []


@pytest.mark.filterwarnings("ignore::keras_mtl.errors.DataWarning")
def test_rows_and_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('name,age\n"two\nlines",63\n\nx,sixty\ny,1e999\nz,5\n')
    frame = read_csv(path)
    (message,) = find_non_numeric(frame, "age", "a.csv")
    assert "'sixty' in data row 2 (line 5)" in message
    # The row keeps its number when others are left out.
    (message,) = find_non_numeric(frame.iloc[1:], "age", "a.csv")
    assert "'sixty' in data row 2 (line 5)" in message
    numbers = frame.assign(age=pd.to_numeric(frame["age"], errors="coerce"))
    (message,) = find_infinite(numbers[numbers["name"] == "y"], "age", "a.csv")
    assert "inf in data row 3 (line 6)" in message


def test_drop_uninformative_warns_of_each_dropped_column():
    frame = pd.DataFrame(
        {
            "age": [1, 2, 2],
            "site": ["x", "x", "x"],
            "empty": [np.nan] * 3,
            "asked": ["yes", None, None],
        }
    )
    with pytest.warns(DataWarning) as warned:
        assert drop_uninformative(frame, list(frame)) == ["age", "asked"]
    told = [str(warning.message) for warning in warned]
    assert len(told) == 2
    assert "'site' has the value 'x'" in told[0]
    assert "'empty' is empty" in told[1]


def test_one_word_among_numbers_may_mean_missing():
    frame = pd.DataFrame({"age": ["1", "-", "3", "-"], "sex": ["1", "a", "b", "2"]})
    (message,) = find_non_numeric(frame, "age", "a.csv")
    assert "say that it means missing (--missing=-), or" in message
    assert "--missing" not in find_non_numeric(frame, "sex", "a.csv")[0]


def test_many_dropped_columns_are_one_warning():
    frame = pd.DataFrame({f"c{i}": [0, 0] for i in range(9)} | {"age": [1, 2]})
    with pytest.warns(DataWarning, match="'c4' and 4 more are empty, or") as warned:
        assert drop_uninformative(frame, list(frame)) == ["age"]
    assert len(warned) == 1


def test_rare_classes_name_column_class_and_count_rarest_first():
    labels = pd.Series(["a"] * 5 + ["b"] * 2 + ["c"] + [None] * 2, name="thal")
    messages = rare_classes(labels, minimum=3, source="a.csv")
    assert len(messages) == 2
    assert "column 'thal'" in messages[0]
    assert "Received: 1 of class 'c'" in messages[0]
    assert "Received: 2 of class 'b'" in messages[1]
    assert "Merge the class" in messages[1]
    assert rare_classes(labels, minimum=1, source="a.csv") == []
