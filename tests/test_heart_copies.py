"""Other copies of the heart data can be fitted with --data and --task."""

import json

import numpy as np
import pandas as pd
import pytest

from keras_mtl.configuration import build_config
from keras_mtl.configuration.flag_values import nest_flags
from keras_mtl.datasets import HEART_DISEASE_FEATURES, load_heart_disease
from keras_mtl.errors import UserError
from keras_mtl.fit import main
from keras_mtl.runs.prepare import prepare_data

FEATURES = list(HEART_DISEASE_FEATURES)


@pytest.fixture(scope="module")
def cleveland():
    """The 303 rows of Cleveland in the codes of the original file."""
    heart = load_heart_disease()
    frame = heart[heart["site"] == "Cleveland"].drop(columns="site").copy()
    codes = {
        "sex": ["female", "male"],
        "fbs": [False, True],
        "exang": [False, True],
    }
    for column, words in codes.items():
        words = [str(word).lower() for word in words]
        frame[column] = frame[column].map(
            lambda value, words=words: (
                words.index(str(value).lower()) if pd.notna(value) else np.nan
            )
        )
    for column in ("cp", "restecg", "slope"):
        frame[column] = pd.factorize(frame[column], sort=True)[0].astype(float)
        frame[column] = frame[column].where(frame[column] >= 0)
    return frame


def write(path, frame, **options):
    frame.to_csv(path, index=False, **options)
    return path


def prepare(path, *tasks, **flags):
    values = {"data.path": str(path), "tasks": list(tasks), **flags}
    return prepare_data(build_config(nest_flags(values, {}, [])))


@pytest.fixture(scope="module")
def numeric_copy(cleveland, tmp_path_factory):
    """A copy with only codes; thal 1, 2, 3, and 0 for unknown; the target reversed."""
    frame = cleveland.copy()
    codes = {"fixed defect": 1, "normal": 2, "reversible defect": 3}
    frame["thal"] = frame["thal"].map(codes).fillna(0).astype(int)
    frame["target"] = (frame.pop("num") == 0).astype(int)
    frame["ca"] = frame["ca"].fillna(4).astype(int)
    return write(tmp_path_factory.mktemp("copy") / "heart.csv", frame)


@pytest.mark.slow
def test_a_copy_in_codes_fits(numeric_copy, tmp_path):
    tasks = ["--task=disease:binary:target==0", "--task=thal:multiclass"]
    tasks += ["--missing-value=ca=4", "--missing-value=thal=0"]
    argv = [f"--data={numeric_copy}", *tasks, "--members=2", "--epochs=15", "--quiet"]
    assert main([*argv, f"--out={tmp_path / 'run'}"]) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["rows"]["train"] + metrics["rows"]["test"] == 303
    assert metrics["test"]["disease"]["auc"] > 0.75


def test_a_turned_target_is_turned_back_and_codes_for_unknown_are_missing(
    numeric_copy,
):
    tasks = "disease:binary:target==0", "thal:multiclass"
    with pytest.raises(UserError, match=r"2 of class '0'.*--missing-value thal=0"):
        prepare(numeric_copy, *tasks)
    unknown = {"inputs.missing_values": {"ca": "4", "thal": "0"}}
    data = prepare(numeric_copy, *tasks, **unknown)
    assert data.labels["disease"].sum() == 139
    assert data.tasks[1].classes == ("1", "2", "3")
    assert np.isnan(data.labels["thal"]).sum() == 2
    assert [item.column_name for item in data.features] == FEATURES
    again = prepare_data(data.config)
    np.testing.assert_array_equal(again.labels["thal"], data.labels["thal"])


def test_the_unknown_thal_may_be_declared_missing(cleveland, tmp_path):
    frame = cleveland.assign(thal=cleveland["thal"].fillna("unknown"))
    path = write(tmp_path / "heart.csv", frame)
    data = prepare(path, "thal:multiclass", **{"data.missing": ["unknown"]})
    assert data.tasks[0].classes == ("fixed defect", "normal", "reversible defect")
    assert np.isnan(data.labels["thal"]).sum() == cleveland["thal"].isna().sum()


def test_the_processed_file_with_question_marks(cleveland, tmp_path):
    codes = {"normal": 3.0, "fixed defect": 6.0, "reversible defect": 7.0}
    frame = cleveland.assign(thal=cleveland["thal"].map(codes))
    path = write(tmp_path / "heart.csv", frame, na_rep="?")
    data = prepare(path, "heart:binary:num>0", "thal:multiclass")
    assert data.tasks[1].classes == ("3", "6", "7")
    assert int(data.labels["heart"].sum()) == int((cleveland["num"] > 0).sum())
    kinds = {item.name: item.kind for item in data.features}
    assert kinds["ca"] == "numeric"


@pytest.mark.parametrize(
    "options",
    [
        {"sep": ";"},
        {"sep": "\t"},
        {"encoding": "utf-8-sig"},
        {"encoding": "utf-16"},
        {"lineterminator": "\r\n"},
        {"quoting": 1},
        {"sep": ";", "decimal": ","},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::keras_mtl.errors.DataWarning")
def test_however_the_file_is_written_the_data_is_the_same(cleveland, tmp_path, options):
    plain = prepare(write(tmp_path / "a.csv", cleveland), "heart:binary:num>0")
    other = prepare(
        write(tmp_path / "b.csv", cleveland, **options), "heart:binary:num>0"
    )
    assert other.config.features == plain.config.features
    np.testing.assert_array_equal(other.test_rows, plain.test_rows)
    columns = [item.column_name for item in plain.features]
    pd.testing.assert_frame_equal(
        other.frame[columns], plain.frame[columns], check_dtype=False
    )


def test_quoted_line_breaks_and_capital_truth_values(cleveland, tmp_path):
    frame = cleveland.assign(
        fbs=cleveland["fbs"].map({0.0: "False", 1.0: "True"}),
        place=np.where(cleveland["age"] > 55, "Main St\nCleveland", 'The "Hill"'),
    )
    data = prepare(write(tmp_path / "heart.csv", frame), "heart:binary:num>0")
    kinds = {item.name: item.kind for item in data.features}
    assert kinds["fbs"] == "boolean"
    assert kinds["place"] == "categorical"
    assert len(data.frame) == 303
