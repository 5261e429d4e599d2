"""Data is checked as a whole, and split without parting what belongs together."""

import numpy as np
import pandas as pd
import pytest

from keras_mtl.configuration import build_config
from keras_mtl.configuration.flag_values import nest_flags
from keras_mtl.datasets import load_heart_disease
from keras_mtl.errors import DataWarning, UserError
from keras_mtl.runs.prepare import prepare_data

ROWS = 60
GENERATOR = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "a": GENERATOR.normal(size=ROWS).round(3),
        "b": GENERATOR.normal(size=ROWS).round(3),
    }
)
FRAME["y"] = (FRAME["a"] > 0).astype(int)


@pytest.fixture
def prepare(tmp_path):
    """Prepares a frame or a text under the settings of flags."""

    def prepare(data=FRAME, test=None, tasks=("y:binary",), **flags):
        values = {"tasks": list(tasks)}
        for name, part in (("path", data), ("test_path", test)):
            if part is not None:
                path = tmp_path / f"{name}.csv"
                text = part if isinstance(part, str) else part.to_csv(index=False)
                path.write_text(text, encoding="utf-8")
                values[f"data.{name}"] = str(path)
        values |= {key.replace("__", "."): value for key, value in flags.items()}
        return prepare_data(build_config(nest_flags(values, {}, [])))

    return prepare


def messages(prepare, *arguments, **flags):
    with pytest.raises(UserError) as error:
        prepare(*arguments, **flags)
    return error.value.messages


def test_the_embedded_data_trains_on_736_rows_and_holds_184_out():
    data = prepare_data(build_config())
    assert (len(data.train_rows), len(data.test_rows)) == (736, 184)
    assert sorted([*data.train_rows, *data.test_rows]) == list(range(920))
    assert int(np.isnan(data.labels["thal"]).sum()) == 486
    assert data.labels["heart"].sum() == (load_heart_disease()["num"] > 0).sum()
    shares = [np.nanmean(data.labels["heart"][rows]) for rows in data.split[2:4]]
    assert shares[0] == pytest.approx(shares[1], abs=0.01)
    assert [feature.name for feature in data.features] == list(
        data.config.inputs.columns
    )
    kinds = {feature.name: feature.kind for feature in data.features}
    assert kinds["fbs"] == kinds["exang"] == "boolean"
    assert kinds["sex"] == kinds["cp"] == "categorical"
    assert kinds["ca"] == kinds["chol"] == "numeric"


def test_the_prepared_settings_prepare_the_same_again(prepare):
    first = prepare(inputs__drop=["b"])
    again = prepare_data(first.config)
    assert again.config == first.config
    np.testing.assert_array_equal(again.test_rows, first.test_rows)


def test_another_seed_holds_other_rows_out(prepare):
    first, second = prepare(seed="0"), prepare(seed="1")
    assert set(first.test_rows) != set(second.test_rows)
    assert len(first.test_rows) == len(second.test_rows)


def test_1025_rows_of_which_most_are_copies_are_split_by_patient(prepare):
    heart = load_heart_disease()
    cleveland = heart[heart["site"] == "Cleveland"].drop(columns="site")
    copies = cleveland.sample(1025, replace=True, random_state=0)
    data = prepare(copies, tasks=["sick:binary:num>0", "thal:multiclass"])
    columns = [feature.column_name for feature in data.features]
    sides = [
        set(map(str, data.frame[columns].iloc[rows].to_numpy().tolist()))
        for rows in (data.train_rows, data.test_rows)
    ]
    assert not sides[0] & sides[1]
    assert len(data.test_rows) == pytest.approx(205, abs=15)


def test_a_group_is_never_on_both_sides_and_is_no_feature(prepare):
    frame = FRAME.assign(patient=np.arange(ROWS) // 3)
    data = prepare(frame, data__group="patient")
    patients = data.frame["patient"].to_numpy()
    assert not set(patients[data.train_rows]) & set(patients[data.test_rows])
    assert [feature.name for feature in data.features] == ["a", "b"]


def test_a_group_that_keeps_a_class_on_one_side_is_told(prepare):
    with pytest.warns(DataWarning, match="no held-out row"):
        (message,) = messages(prepare, FRAME.assign(g=FRAME["y"]), data__group="g")
    assert "column 'y': task 'y' expects training rows with class" in message
    (message,) = messages(prepare, FRAME.assign(g=1), data__group="g")
    assert "at least 2 groups" in message
    assert "path.csv" in message


def test_the_rows_of_a_test_file_are_the_test_rows(prepare):
    data = prepare(FRAME.iloc[:40], FRAME.iloc[40:].assign(extra=1))
    assert len(data.train_rows) == 40
    assert data.test_numbers.tolist() == list(range(20))
    np.testing.assert_array_equal(
        data.labels["y"][data.test_rows], FRAME["y"].iloc[40:]
    )


def test_a_test_file_with_training_rows_is_warned_of(prepare):
    with pytest.warns(DataWarning, match="5 of 10 test rows are like a training row"):
        prepare(FRAME.iloc[:45], FRAME.iloc[40:50])


def test_a_test_file_is_checked_with_what_training_knows(prepare):
    train = FRAME.iloc[:40].assign(s=["u", "v"] * 20)
    test = FRAME.iloc[40:].assign(s=["u", "v"] * 10).astype(object)
    test.loc[41, "y"] = 7
    (message,) = messages(prepare, train, test)
    assert "test_path.csv, column 'y': task 'y' expects '0' or '1'" in message
    assert "'7' in data row 2 (line 3)" in message
    test = test.rename(columns={"s": "t"})
    test.loc[42, "a"] = "x"
    absent, text = messages(prepare, train, test)
    assert "expected a column 's'" in absent
    assert "'x' in data row 3 (line 4)" in text
    assert messages(prepare, train, test.iloc[:0])


def test_words_of_a_test_file_that_look_like_numbers_stay_words(prepare):
    train = FRAME.iloc[:40].assign(code=["01", "x2"] * 20)
    data = prepare(train, FRAME.iloc[40:].assign(code="01"))
    (code,) = [item for item in data.features if item.name == "code"]
    assert set(code.to_array(data.frame["code"])) == {"01", "x2"}


def test_all_mistakes_of_the_data_are_told_at_once(prepare):
    frame = FRAME.assign(c=range(ROWS), d=1.5).astype(object)
    frame.loc[3, "c"] = "oops"
    frame.loc[4, "d"] = "inf"
    found = messages(
        prepare,
        frame,
        tasks=["y:binary", "z:binary", "a:regression:b", "d2:multiclass:d"],
        inputs__columns=["a", "c", "d", "zz"],
    )
    text = "\n".join(found)
    for part in (
        "expected a column 'zz' (columns)",
        "'oops' in data row 4 (line 5)",
        "task 'z' expects its labels in column 'z'",
        "task 'a' has the name of the feature in column 'a'",
        "column 'd' is a feature and the label of task 'd2'",
    ):
        assert part in text


@pytest.mark.parametrize("kind", ["numeric", "boolean", "categorical"])
def test_declared_kinds_are_kept(prepare, kind):
    frame = FRAME.assign(code=np.arange(ROWS) % 2)
    data = prepare(frame, **{f"inputs__{kind}": ["code"]})
    assert {feature.name: feature.kind for feature in data.features}["code"] == kind


def test_a_column_of_two_kinds_is_told(prepare):
    (message,) = messages(prepare, inputs__numeric=["a"], inputs__categorical=["a"])
    assert "column 'a' is to be numeric and categorical" in message


def test_columns_that_tell_nothing_are_dropped_with_a_warning(prepare):
    with pytest.warns(DataWarning) as caught:
        data = prepare(FRAME.assign(one=1, none=None))
    assert [feature.name for feature in data.features] == ["a", "b"]
    assert len(caught) == 2
    with pytest.warns(DataWarning):
        (message,) = messages(prepare, FRAME[["y"]].assign(one=1))
    assert "expected at least one feature" in message


def test_rare_classes_are_told_unless_the_split_is_given(prepare):
    frame = FRAME.assign(y=["a"] * 2 + ["b"] * 58)
    (message,) = messages(prepare, frame, tasks=["y:multiclass"])
    assert "at least 3 rows of each class. Received: 2 of class 'a'" in message
    with pytest.warns(DataWarning, match="like a training row"):
        assert prepare(frame, frame.iloc[:3], tasks=["y:multiclass"])


def test_twelve_rows_and_one_feature_are_enough(prepare):
    frame = FRAME[["a"]].head(12).assign(y=[0, 1] * 6)
    data = prepare(frame)
    assert len(data.test_rows) >= 2
    for rows in (data.train_rows, data.test_rows):
        assert set(data.labels["y"][rows]) == {0, 1}


def test_names_that_keras_can_not_take_are_mapped(prepare):
    names = ["self", "class", "Age", "age", "größe cm", "row", "features", "日本"]
    generator = np.random.default_rng(1)
    frame = pd.DataFrame(generator.normal(size=(ROWS, 8)).round(3), columns=names)
    data = prepare(frame.assign(y=FRAME["y"]))
    assert [feature.column_name for feature in data.features] == names
    assert len({feature.name.lower() for feature in data.features}) == 8


IDENTIFIED = FRAME.assign(id=np.arange(ROWS)[::-1])[["id", "y"]]


@pytest.mark.filterwarnings("ignore:Column 'id'")
def test_columns_that_are_all_left_out_leave_nothing_to_predict_from(prepare):
    (message,) = messages(prepare, IDENTIFIED)
    assert "expected at least one feature" in message
    assert len(prepare(IDENTIFIED, inputs__numeric=["id"]).features) == 1


def test_an_identifier_that_repeats_is_a_hint_at_groups(prepare):
    frame = FRAME.assign(patient_id=np.arange(ROWS) // 2)
    with pytest.warns(DataWarning, match="30 values in 60 rows.*--group patient_id"):
        prepare(frame)
    assert len(prepare(frame, data__group="patient_id").features) == 2


def test_a_code_that_may_mean_missing_is_told_and_masked_if_it_does(prepare):
    frame = FRAME.assign(
        n=np.where(np.arange(ROWS) % 5, np.arange(ROWS) % 7, -9),
        k=[["1", "2", "3", "-9"][i % 4] for i in range(ROWS)],
    )
    tasks = ("y:binary", "k:multiclass")
    told = r"-9 may mean missing in 'n' \(12 rows\), 'k' \(15 rows\).*--missing=-9"
    with pytest.warns(DataWarning, match=told):
        data = prepare(frame, tasks=tasks)
    assert data.tasks[1].classes == ("-9", "1", "2", "3")
    data = prepare(frame, tasks=tasks, data__missing=["-9"])
    assert data.tasks[1].classes == ("1", "2", "3")
    assert data.frame["n"].isna().sum() == 12


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [int, float])
def test_an_infinity_is_told_without_a_warning_of_numpy(prepare, kind):
    column = (np.arange(ROWS) % 9).astype(kind).astype(object)
    column[[3, 4, 20]] = "inf", "inf", "-inf"
    (message,) = messages(prepare, FRAME.assign(c=column))
    assert "expected finite numbers. Received: inf in data row 4" in message


def test_two_groups_are_too_few_to_validate_on(prepare):
    frame = FRAME.assign(site=["a", "b"] * (ROWS // 2))
    (message,) = messages(prepare, frame, data__group="site")
    assert "column 'site': expected at least three groups of rows" in message
    assert "folds" not in message
    settings = {"data__group": "site", "preset": "article"}
    assert len(prepare(frame, **settings).train_rows) == ROWS / 2
    three = FRAME.assign(site=["a", "b", "c"] * (ROWS // 3))
    assert len(prepare(three, data__group="site").members.validation[0]) == ROWS / 3


@pytest.mark.filterwarnings("ignore:.*in numbers|.*decimal comma")
def test_the_decimal_mark_may_be_told(prepare):
    rows = "".join(f"1,{500 + i};{i % 9 + 1}.125;{i % 2}\n" for i in range(40))
    text = f"a;b;y\n{rows}"
    data = prepare(text, data__decimal_mark=",")
    assert data.frame["a"].max() == pytest.approx(1.539)
    assert data.frame["b"].max() == 9125
    (message,) = messages(prepare, text, data__decimal_mark=";")
    assert "decimal_mark" in message


def test_digits_that_are_a_name_are_a_hint_at_categories(prepare, recwarn):
    frame = FRAME.assign(home_zip=10_000 + np.arange(ROWS) % 7)
    with pytest.warns(DataWarning, match="--categorical home_zip"):
        prepare(frame)
    recwarn.clear()
    for flag in ("numeric", "categorical", "drop"):
        prepare(frame, **{f"inputs__{flag}": ["home_zip"]})
    assert not [each for each in recwarn if "home_zip" in str(each.message)]
