"""The functions for DataFrames do what the commands do with files of the same rows."""

import filecmp
import json
import re
import warnings

import numpy as np
import pandas as pd
import pytest

import keras_mtl as km
from keras_mtl.comparison.settings import ComparisonSettings
from keras_mtl.configuration.validate import build_config
from keras_mtl.errors import RunStoppedError
from keras_mtl.predict import main as predict_command
from keras_mtl.runs.checkpoint import KeepProgress
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.resume import data_digests


def as_kind(kind, frame):
    """Returns the rows as a table of another library, if it is installed."""
    if kind == "pandas":
        return frame
    library = pytest.importorskip(kind)
    columns = {
        name: frame[name].astype(object).where(frame[name].notna(), None).tolist()
        for name in frame
    }
    make = library.table if kind == "pyarrow" else library.DataFrame
    return make(columns)


def as_pandas(table):
    return pd.DataFrame(
        {name: list(table[name].to_numpy()) for name in columns_of(table)}
    )


def columns_of(table):
    return list(getattr(table, "column_names", table.columns))


def assert_same_rows(table, path):
    """Asserts that a table holds what a CSV file of predictions holds."""
    written = as_pandas(table).to_csv(index=False)
    assert written == path.read_text("utf-8")


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_predictions_are_those_of_the_command(kind, mixed_run, mixed_frame, tmp_path):
    mixed_frame.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "answers.csv"
    argv = [str(mixed_run), str(tmp_path / "rows.csv"), "--out", str(out)]
    assert predict_command(argv) == 0
    table = as_kind(kind, mixed_frame)
    answers = km.predict_table(mixed_run, table)
    assert type(answers) is type(table)
    assert_same_rows(answers, out)


def test_predictions_have_the_index_of_a_pandas_table(mixed_run, mixed_frame):
    some = mixed_frame.iloc[[5, 2]]
    answers = km.predict_table(mixed_run, some)
    assert answers.index.tolist() == [5, 2]
    assert answers["row"].tolist() == [0, 1]


def test_a_fit_without_a_folder_is_that_of_the_command(
    mixed_run, mixed_frame, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    table = mixed_frame
    fit = km.fit_table(table, config=mixed_run / "config.toml")
    assert json.loads(json.dumps(fit.metrics)) == json.loads(
        (mixed_run / "metrics.json").read_text("utf-8")
    )
    assert type(fit.predictions) is type(fit.history) is type(table)
    assert_same_rows(fit.predictions, mixed_run / "predictions.csv")
    assert fit.folder is None
    assert list(tmp_path.iterdir()) == []
    # The fit itself predicts, as its folder does.
    again = as_pandas(km.predict_table(fit, table))
    pd.testing.assert_frame_equal(again, as_pandas(km.predict_table(mixed_run, table)))


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_bytes_of_the_command(
    mixed_run, mixed_frame, tmp_path, monkeypatch
):
    kept = KeepProgress.__call__

    def stop(self, progress):
        kept(self, progress)
        raise KeyboardInterrupt

    folder = tmp_path / "run"
    arguments = {"config": mixed_run / "config.toml", "folder": folder}
    with monkeypatch.context() as patch:
        patch.setattr(KeepProgress, "__call__", stop)
        with pytest.raises(RunStoppedError, match="resume=True"):
            km.fit_table(mixed_frame, **arguments)
    fit = km.fit_table(mixed_frame, resume=True, **arguments)
    assert fit.folder == folder
    assert_same_rows(fit.predictions, mixed_run / "predictions.csv")
    # Archives and the card hold the time at which they were written.
    names = [
        str(path.relative_to(mixed_run))
        for path in mixed_run.rglob("*")
        if path.suffix in (".toml", ".json", ".csv", ".png")
        and "serving" not in path.parts
    ]
    same, different, absent = filecmp.cmpfiles(mixed_run, folder, names, shallow=False)
    assert (different, absent) == ([], [])
    assert {"config.toml", "metrics.json", "predictions.csv"} <= set(same)
    with pytest.raises(km.UserError, match="one that is complete"):
        km.fit_table(mixed_frame, resume=True, **arguments)


EVALUATED = {
    "tasks": [{"kind": "binary", "name": "relapse"}],
    "inputs": {"columns": ["age at visit", "dose"]},
    "training": {"epochs": 2},
}
FEW = {"folds": 2, "repeats": 1, "members": 1}


def test_an_evaluation_has_the_rows_and_settings_of_that_of_a_file(
    mixed_frame, tmp_path, monkeypatch
):
    data = {"path": str(tmp_path / "visits.csv")}
    mixed_frame.to_csv(data["path"], index=False)
    calls = []
    monkeypatch.setattr(
        "keras_mtl.comparison.evaluate_run.evaluate_run",
        lambda *arguments, **named: calls.append((arguments, named)),
    )
    km.evaluate_table(mixed_frame, data=data, folder="kept", **FEW, **EVALUATED)
    (((config, settings, folder), named),) = calls
    assert config == build_config({**EVALUATED, "data": data})
    assert (settings, str(folder)) == (ComparisonSettings(**FEW), "kept")
    by_file = prepare_data(config)
    assert data_digests(named["data"]) == data_digests(by_file)
    assert named["data"].config == by_file.config


@pytest.mark.slow
def test_an_evaluation_judges_the_rows_of_a_table(mixed_frame):
    comparison = km.evaluate_table(mixed_frame, **FEW, **EVALUATED)
    rows = comparison.predictions["row"].nunique()
    assert rows == mixed_frame["relapse"].notna().sum()


def test_declarations_and_texts_are_tasks_too(mixed_frame):
    from keras_mtl.dataframes.keywords import table_config

    tasks = [
        "relapse:binary",
        km.RegressionTask("cost"),
        {"kind": "binary", "name": "a"},
    ]
    made = table_config(None, {"tasks": tasks}, has_test_table=False)
    assert [task.name for task in made.tasks] == ["relapse", "cost", "a"]
    # As a table of TOML, a declaration leaves what it does not give to `[heads]`.
    assert made.tasks[1] == km.RegressionTask("cost", widths=(16,))


def test_all_mistakes_in_the_settings_are_reported_at_once(mixed_frame):
    with pytest.raises(km.UserError) as caught:
        km.fit_table(
            mixed_frame,
            tasks=["relapse", 3],
            training={"epochs": -1, "lerning_rate": 1},
            sed=1,
        )
    text = str(caught.value)
    for part in ("'relapse'", "received 3", "epochs", "learning_rate", "seed"):
        assert part in text


def test_mistakes_in_the_rows_and_the_folder_are_reported_at_once(
    mixed_frame, tmp_path
):
    (tmp_path / "kept").touch()
    with pytest.raises(km.UserError) as caught:
        km.fit_table(
            mixed_frame,
            tasks=["relaps:binary"],
            inputs={"columns": ["agee"]},
            folder=tmp_path,
        )
    text = str(caught.value)
    for part in ("'relaps'", "'agee'", str(tmp_path), "table"):
        assert part in text


@pytest.mark.parametrize(
    ("model", "message"),
    [("nowhere", "expected a run folder"), (3, "Received: 3")],
)
def test_what_is_no_model_is_refused(model, message, mixed_frame):
    with pytest.raises(km.UserError, match=message):
        km.predict_table(model, mixed_frame)


def test_messages_name_the_arguments(mixed_frame, tmp_path):
    with pytest.raises(km.UserError) as caught:
        km.fit_table(mixed_frame, tasks=[], folder=tmp_path)
    assert 'Add tasks=["NAME:KIND"]' in str(caught.value)
    with pytest.raises(km.UserError) as caught:
        km.fit_table(mixed_frame, tasks=["relapse:binary"], folder=tmp_path)
    assert "another with folder, or replace it with overwrite=True" in str(caught.value)
    with pytest.raises(km.UserError, match=r'as in by=\["age at visit:40,60"\]'):
        km.evaluate_table(mixed_frame, tasks=["relapse:binary"], by=["age at visit"])


def test_a_table_in_place_of_the_model_is_described(mixed_run, mixed_frame):
    with pytest.raises(km.UserError) as caught:
        km.predict_table(mixed_frame, mixed_run)
    assert "Received: a DataFrame of shape (120, 10). Pass the model first" in str(
        caught.value
    )
    with pytest.raises(km.UserError, match=r"table: expected.*'rows'"):
        km.fit_table("rows", tasks=["relapse:binary"])


@pytest.mark.parametrize(
    ("function", "name", "expected"),
    [
        (km.fit_table, "tasks", "a list with one entry per task"),
        (km.fit_table, "config", "the path of a TOML file"),
        (km.fit_table, "folder", "the path of a folder"),
        (km.fit_table, "training", "a dictionary"),
        (km.fit_table, "features", "a list of tables"),
        (km.evaluate_table, "compare", "a list, such as"),
        (km.evaluate_table, "by", "a list, such as"),
        (km.evaluate_table, "folds", "a valid integer"),
        (km.evaluate_table, "folder", "the path of a folder"),
        (km.predict_table, "missing", "a list, such as"),
        (km.predict_table, "decimal_mark", "','"),
    ],
)
def test_a_table_in_place_of_a_setting_is_described(
    function, name, expected, mixed_frame
):
    settings = {"tasks": ["relapse:binary"], name: mixed_frame}
    first = [mixed_frame]
    if function is km.predict_table:
        first, settings = ["nowhere", mixed_frame], {name: mixed_frame}
    with pytest.raises(km.UserError) as caught:
        function(*first, **settings)
    assert re.search(
        rf"^{name}: expected {expected}.*eceived:? a DataFrame of shape \(120, 10\)",
        str(caught.value),
        re.MULTILINE,
    )
    assert len(str(caught.value).splitlines()) <= 2


@pytest.mark.parametrize("name", ["compare", "by"])
def test_a_text_in_place_of_a_list_is_not_read_letter_by_letter(name, mixed_frame):
    with pytest.raises(km.UserError, match=rf"{name}: expected a list.*'mmoe'"):
        km.evaluate_table(mixed_frame, tasks=["relapse:binary"], **{name: "mmoe"})


def test_rows_without_a_feature_are_refused(mixed_run, mixed_frame):
    with pytest.raises(km.UserError, match=r"table.*'Site'"):
        km.predict_table(mixed_run, mixed_frame.drop(columns="Site"))


def test_rows_are_left_as_they_are(mixed_run, mixed_frame):
    before = mixed_frame.copy(deep=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        km.predict_table(mixed_run, mixed_frame, missing=["170"])
    pd.testing.assert_frame_equal(mixed_frame, before)
    assert np.isnan(mixed_frame["größe"]).sum() == np.isnan(before["größe"]).sum()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tasks": "heart:binary"}, "Put the tasks in a list"),
        ({"tasks": {"heart": "binary"}}, "Put the tasks in a list"),
        ({"epochs": 3}, r"in a script training=\{'epochs': \.\.\.\}"),
        ({"tasks": [{"kind": "binary", "name": "is sick"}]}, "letters, digits and _"),
    ],
)
def test_a_setting_in_the_wrong_place_says_where_it_belongs(settings, words):
    frame = pd.DataFrame({"age": [60.0, 61.0], "heart": [0, 1]})
    with pytest.raises(km.UserError, match=words):
        km.fit_table(frame, **{"tasks": ["heart:binary"], **settings})


def test_columns_of_several_header_rows_are_refused_with_a_remedy():
    frame = pd.DataFrame({("a", "age"): [60.0, 61.0], ("a", "heart"): [0, 1]})
    with pytest.raises(km.UserError, match=r"Join the parts: table\.columns = "):
        km.fit_table(frame, tasks=["heart:binary"])


def test_durations_are_refused_with_a_remedy():
    frame = pd.DataFrame({"stay": pd.to_timedelta([1, 2], unit="h"), "heart": [0, 1]})
    with pytest.raises(km.UserError, match="Convert the durations to numbers"):
        km.fit_table(frame, tasks=["heart:binary"])


def test_a_fit_shows_its_held_out_metrics():
    metrics = {
        "test": {"a<b": {"rows": 9, "auc": 0.51234}, "days": {"rows": 8, "mae": 2.0}},
        "rows": {"train": 40, "test": 10},
    }
    fit = km.TableFit(None, metrics, None, None, None)
    assert repr(fit).splitlines() == [
        "TableFit on 40 training rows, measured on 10 held-out rows:",
        "  a<b, rows 9, auc 0.5123",
        "  days, rows 8, mae 2",
    ]
    assert '<th scope="row">a&lt;b</th><td>9</td><td>0.5123</td>' in fit._repr_html_()
