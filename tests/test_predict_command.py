"""Predictions of a saved model are equal to the predictions of its run."""

import gzip
import io
import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

from keras_mtl.datasets import load_heart_disease
from keras_mtl.predict import main


@pytest.fixture(scope="module")
def test_rows(heart_run, tmp_path_factory):
    """A file of the held-out rows, and the predictions of the run for them."""
    answers = pd.read_csv(heart_run / "predictions.csv", dtype=str)
    frame = load_heart_disease().iloc[answers["row"].astype(int)]
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    frame.to_csv(path, index=False)
    return path, frame, answers


def predict(*argv, capsys=None):
    capsys.readouterr()
    status = main(list(map(str, argv)))
    captured = capsys.readouterr()
    if status:
        return status, captured.err
    table = pd.read_csv(io.StringIO(captured.out), dtype=str, keep_default_na=False)
    return status, table


def test_a_new_process_gives_the_runs_predictions_again(
    heart_run, test_rows, run_python, tmp_path
):
    path, _, answers = test_rows
    out = tmp_path / "answers.csv"
    done = run_python("-m", "keras_mtl.predict", heart_run, path, "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    again = pd.read_csv(out, dtype=str)
    assert again["row"].tolist() == [str(i) for i in range(len(answers))]
    pd.testing.assert_frame_equal(
        again.drop(columns="row"), answers.drop(columns="row")
    )


def test_keras_alone_loads_the_model_and_gives_the_same(
    heart_run, test_rows, run_python
):
    path, _, answers = test_rows
    done = run_python(
        "-c",
        "import keras_mtl, keras, sys, json\n"
        f"model = keras.saving.load_model({str(heart_run / 'model.keras')!r})\n"
        f"frame = keras_mtl.read_csv({str(path)!r})\n"
        "arrays = keras_mtl.feature_arrays(model.features, frame)\n"
        "outputs = model(keras_mtl.feature_tensors(arrays))\n"
        "print(json.dumps({k: v.numpy().tolist() for k, v in outputs.items()}))",
    )
    assert done.returncode == 0, done.stderr
    outputs = json.loads(done.stdout.splitlines()[-1])
    heart = answers["heart_probability"].astype(float)
    np.testing.assert_allclose(np.ravel(outputs["heart"]), heart, rtol=1e-5)
    assert len(outputs["thal"][0]) == 3


def test_the_model_file_alone_is_enough(heart_run, test_rows, tmp_path, capsys):
    path, _, answers = test_rows
    alone = tmp_path / "elsewhere.keras"
    shutil.copy(heart_run / "model.keras", alone)
    status, table = predict(alone, path, capsys=capsys)
    assert status == 0
    assert table["heart_probability"].tolist() == answers["heart_probability"].tolist()


def test_columns_in_another_order_extra_ones_and_no_labels(
    heart_run, test_rows, tmp_path, capsys
):
    _, frame, answers = test_rows
    path = tmp_path / "rows.csv"
    turned = frame[frame.columns[::-1]].drop(columns=["thal", "num"])
    turned.assign(extra="x").to_csv(path, index=False)
    status, table = predict(heart_run, path, capsys=capsys)
    assert status == 0
    assert "heart" not in table
    assert table["heart_probability"].tolist() == answers["heart_probability"].tolist()


def test_rows_as_spreadsheets_and_pandas_write_them(
    heart_run, test_rows, tmp_path, capsys
):
    _, frame, answers = test_rows
    text = frame.assign(age=frame["age"].map("{} y".format)).to_csv(
        sep=";", decimal=","
    )
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(f"sep=;\n{text}\x1a".encode("utf-16")))
    status, table = predict(heart_run, path, capsys=capsys)
    assert status == 0
    assert table["heart_probability"].tolist() == answers["heart_probability"].tolist()
    assert table["heart"].tolist() == answers["heart"].tolist()


def test_a_decimal_mark_is_one_of_two(heart_run, test_rows, capsys):
    status, told = predict(
        heart_run, test_rows[0], "--decimal-mark", ";", capsys=capsys
    )
    assert status == 2
    assert "--decimal-mark: expected ',' or '.'; received ';'" in told


def test_rows_with_nothing_known_or_never_seen_are_answered(
    heart_run, test_rows, tmp_path, capsys
):
    _, frame, _ = test_rows
    rows = frame.head(4).astype(object)
    rows.iloc[0] = None
    rows.iloc[1, rows.columns.get_loc("cp")] = "never seen"
    rows.iloc[2, rows.columns.get_loc("chol")] = 1e38
    rows.iloc[3] = None
    # A row of only empty cells is not a blank line.
    path = tmp_path / "rows.csv"
    rows.to_csv(path, index=False)
    status, table = predict(heart_run, path, capsys=capsys)
    assert status == 0
    assert len(table) == 4
    numbers = table.filter(like="probability").astype(float)
    assert np.isfinite(numbers).all(axis=None)
    assert table.loc[0, "heart"] == ""
    assert table.loc[0, "heart_probability"] == table.loc[3, "heart_probability"]


def test_probabilities_and_classes_agree(heart_run):
    table = pd.read_csv(heart_run / "predictions.csv", keep_default_na=False)
    thal = table.filter(like="thal_probability")
    np.testing.assert_allclose(thal.sum(axis=1), 1, rtol=1e-5)
    best = thal.columns[thal.to_numpy().argmax(axis=1)]
    assert [f"thal_probability[{name}]" for name in table["thal_class"]] == list(best)
    positive = table["heart_probability"] >= 0.5
    assert positive.map({True: "yes", False: "no"}).equals(table["heart_class"])
    assert set(table["thal"]) == {
        "",
        "normal",
        "fixed defect",
        "reversible defect",
    }


def test_a_label_that_the_model_does_not_know_is_warned_of(
    heart_run, test_rows, tmp_path, capsys
):
    _, frame, _ = test_rows
    path = tmp_path / "rows.csv"
    frame.head(3).assign(thal=["normal", "strange", None]).to_csv(path, index=False)
    assert main([str(heart_run), str(path), "--out", str(tmp_path / "out.csv")]) == 0
    assert "'strange' in data row 2 (line 3)" in capsys.readouterr().err
    table = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert table["thal"].tolist() == ["normal", "", ""]


def test_all_mistakes_are_told_without_loading_tensorflow(
    heart_run, test_rows, run_python, tmp_path
):
    _, frame, _ = test_rows
    rows = frame.head(3).astype(object).drop(columns=["age"])
    rows.iloc[1, rows.columns.get_loc("chol")] = "much"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    cases = {
        (str(heart_run), "rows.csv"): [
            "column 'age' (feature)",
            "'much' in data row 2",
        ],
        (str(heart_run), "none.csv"): ["none.csv: no such file"],
        ("nowhere", "rows.csv"): ["nowhere: expected a run folder"],
        ("rows.csv", "rows.csv"): ["rows.csv: expected a Keras model"],
        (str(heart_run),): ["ROWS: expected a value"],
        (str(heart_run), "rows.csv", "--out", "rows.csv"): ["or replace it with"],
        (str(heart_run), "rows.csv", "--out", "no/x.csv"): [
            "a path in an existing folder"
        ],
        (str(heart_run), "rows.csv", "--outt"): ["Did you mean '--out'?"],
    }
    for argv, parts in cases.items():
        done = run_python("-m", "keras_mtl.predict", *argv, cwd=tmp_path, shadowed=True)
        assert done.returncode == 2, (argv, done.stderr)
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        for part in parts:
            assert part in done.stderr
    assert os.listdir(tmp_path) == ["rows.csv"]


def test_an_answers_file_is_replaced_when_asked(heart_run, test_rows, tmp_path, capsys):
    path, _, answers = test_rows
    out = tmp_path / "out.csv"
    out.write_text("old")
    assert main([str(heart_run), str(path), "--out", str(out)]) == 2
    assert out.read_text() == "old"
    assert main([str(heart_run), str(path), "--out", str(out), "--overwrite"]) == 0
    assert len(pd.read_csv(out)) == len(answers)
    assert os.listdir(tmp_path) == ["out.csv"]
