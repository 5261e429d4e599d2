"""A new task on the trunk of a run: python -m keras_mtl.fit --from RUN."""

import json
import os
import tomllib

import keras
import numpy as np
import pandas as pd
import pytest

from keras_mtl.fit import main
from keras_mtl.predict import main as predict_main
from keras_mtl.runs.checkpoint import KeepProgress

OLD_ROWS, NEW_ROWS = 200, 48
QUICK = ("--members", "2", "--epochs", "4", "--quiet")
TEXTS = ("config.toml", "history.csv", "metrics.json", "predictions.csv")


def made_rows(rows, seed):
    generator = np.random.default_rng(seed)
    age = generator.normal(50, 10, rows).round(1)
    pressure = generator.normal(120, 15, rows).round(0)
    smoker = generator.choice(["yes", "no"], rows)
    risk = (age - 50) / 10 + (pressure - 120) / 15 + (smoker == "yes")
    noise = generator.normal(0, 0.5, (3, rows))
    return pd.DataFrame(
        {
            "age": age,
            "pressure": pressure,
            "site": generator.choice(["Basel", "Bern", "Zug"], rows),
            "smoker": smoker,
            "sick": np.where(risk + noise[0] > 0.5, "yes", "no"),
            "cost": (100 * risk + 500 + 50 * noise[1]).round(2),
            "relapse": np.where(risk + noise[2] > 0.5, "yes", "no"),
            "extra": generator.normal(size=rows).round(2),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of two tasks, and rows of a third task with other columns."""
    folder = tmp_path_factory.mktemp("transfer")
    old = made_rows(OLD_ROWS, 0).drop(columns=["relapse", "extra"])
    old.to_csv(folder / "old.csv", index=False)
    new = made_rows(NEW_ROWS, 1)[["extra", "smoker", "pressure", "age", "relapse"]]
    new.loc[8:15, "relapse"] = None
    new.to_csv(folder / "new.csv", index=False)
    argv = ["--data", str(folder / "old.csv"), "--task=sick:binary"]
    argv += ["--task=cost:regression", *QUICK, "--out", str(folder / "run")]
    assert main(argv) == 0
    return folder


def transfer(folder, out, *more):
    return main(
        [
            *("--from", str(folder / "run"), "--data", str(folder / "new.csv")),
            *("--task", "relapse:binary", "--frozen-epochs", "2"),
            *(*QUICK, "--out", str(out), *more),
        ]
    )


@pytest.fixture(scope="module")
def transferred(folder):
    assert transfer(folder, folder / "transferred") == 0
    return folder / "transferred"


def test_the_result_is_an_ordinary_run(folder, transferred, capsys):
    metrics = json.loads((transferred / "metrics.json").read_text())
    assert set(metrics["test"]) == {"relapse"}
    history = pd.read_csv(transferred / "history.csv")
    assert len(history) == 4
    rows = folder / "new.csv"
    out = folder / "answers.csv"
    assert predict_main([str(transferred), str(rows), "--out", str(out)]) == 0
    answers = pd.read_csv(out)
    assert len(answers) == NEW_ROWS
    known = pd.read_csv(transferred / "predictions.csv").set_index("row")
    np.testing.assert_allclose(
        answers.set_index("row").loc[known.index, "relapse_probability"],
        known["relapse_probability"],
        rtol=1e-4,
    )
    assert (transferred / "serving" / "multi_task" / "1" / "saved_model.pb").is_file()
    config = tomllib.loads((transferred / "config.toml").read_text())
    assert config["transfer"]["run"] == str((folder / "run").resolve())
    assert len(config["transfer"]["digest"]) == 64
    assert config["inputs"]["columns"] == ["age", "pressure", "smoker"]


def test_columns_of_one_side_alone_are_reported(folder, tmp_path, capsys):
    assert transfer(folder, tmp_path / "run") == 0
    reported = capsys.readouterr().err
    assert "was trained with column 'site' too" in reported
    assert "takes them as missing" in reported
    assert "was trained without column 'extra'" in reported


def test_the_trunk_and_the_encoder_are_those_of_the_run(folder, tmp_path):
    assert transfer(folder, tmp_path / "run", "--trunk-rate", "0") == 0
    old = keras.saving.load_model(folder / "run" / "model.keras", compile=False)
    new = keras.saving.load_model(tmp_path / "run" / "model.keras", compile=False)
    for member in ("member_0", "member_1"):
        trained = old.get_layer(_core(old)).get_layer(member)
        trunk = new.get_layer(_core(new)).get_layer(member).get_layer("trunk")
        for name in ("trunk_1", "trunk_2"):
            for one, other in zip(
                trained.get_layer(name).get_weights(),
                trunk.get_layer(name).get_weights(),
                strict=True,
            ):
                np.testing.assert_array_equal(one, other)
    learned = {feature.name: feature for feature in old.features}
    assert [learned[feature.name] for feature in new.features] == list(new.features)


def _core(model):
    """Return the name of the model of the encoded matrix."""
    from keras_mtl.serving.shared_representation import find_core

    return find_core(model)[0].name


@pytest.mark.slow
def test_an_absent_column_counts_as_missing(folder, tmp_path):
    """The predictions are the same as with an empty column."""
    assert transfer(folder, tmp_path / "lacking", "--trunk-rate", "0") == 0
    rows = pd.read_csv(folder / "new.csv")
    rows["site"] = ""
    rows.loc[0, "site"] = "Bern"  # Without it the column would be empty and left out.
    old = keras.saving.load_model(folder / "run" / "model.keras", compile=False)
    new = keras.saving.load_model(tmp_path / "lacking" / "model.keras", compile=False)
    from keras_mtl.features import feature_arrays, feature_tensors
    from keras_mtl.serving.shared_representation import shared_representation

    empty = rows.iloc[1:]
    old_trunk = shared_representation(old).model
    given = feature_tensors(feature_arrays(old.features, empty))
    expected = old_trunk(given).numpy()
    core = new.get_layer(_core(new))
    encoder = keras.Model(new.input, _encoded(new))
    encoded = encoder(feature_tensors(feature_arrays(new.features, empty)))
    found = []
    for member in ("member_0", "member_1"):
        layer = core.get_layer(member)
        trunk = layer.get_layer("trunk")
        found.append(trunk(layer.get_layer("absent_columns")(encoded)).numpy())
    np.testing.assert_allclose(
        np.concatenate(found, axis=1), expected, rtol=1e-4, atol=1e-6
    )


def _encoded(model):
    from keras_mtl.serving.shared_representation import find_core

    return find_core(model)[1]


@pytest.mark.slow
def test_the_settings_repeat_the_run(transferred, tmp_path):
    argv = ["--config", str(transferred / "config.toml")]
    assert main([*argv, "--quiet", "--out", str(tmp_path / "again")]) == 0
    for name in TEXTS:
        one, other = (run / name for run in (transferred, tmp_path / "again"))
        assert one.read_bytes() == other.read_bytes(), name


@pytest.mark.slow
def test_an_interrupted_transfer_ends_as_if_it_had_not_been(
    folder, transferred, tmp_path, monkeypatch
):
    kept = KeepProgress.__call__

    def call(self, progress):
        kept(self, progress)
        if progress.epoch == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(KeepProgress, "__call__", call)
        assert transfer(folder, tmp_path / "run") == 1
    assert main(["--resume", "--quiet", "--out", str(tmp_path / "run")]) == 0
    for name in TEXTS:
        one, other = (run / name for run in (transferred, tmp_path / "run"))
        assert one.read_bytes() == other.read_bytes(), name


@pytest.mark.slow
def test_without_data_the_rows_are_those_of_the_run(folder, tmp_path, capsys):
    argv = ["--from", str(folder / "run"), "--task", "town:multiclass:site", *QUICK]
    assert main([*argv, "--out", str(tmp_path / "run")]) == 0
    assert "trained with column 'site' too" in capsys.readouterr().err
    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert config["data"]["path"] == str((folder / "old.csv").resolve())


@pytest.mark.slow
def test_a_transferred_run_can_be_transferred_again(transferred, tmp_path):
    argv = ["--from", str(transferred), "--task", "again:binary:relapse", *QUICK]
    assert main([*argv, "--out", str(tmp_path / "run")]) == 0


@pytest.fixture(scope="module")
def closed_form(folder):
    assert transfer(folder, folder / "closed", "--transfer-head", "bayesian") == 0
    return folder / "closed"


@pytest.mark.slow
def test_a_head_in_closed_form_is_an_ordinary_run(folder, closed_form, tmp_path):
    metrics = json.loads((closed_form / "metrics.json").read_text())
    # The label is nearly equal to a label of the run.
    assert metrics["test"]["relapse"]["auc"] > 0.8
    assert len(pd.read_csv(closed_form / "history.csv")) == 1
    assert (closed_form / "serving" / "multi_task" / "1" / "saved_model.pb").is_file()
    model = keras.saving.load_model(closed_form / "model.keras", compile=False)
    member = model.get_layer(_core(model)).get_layer("member_1")
    assert member.get_layer("trunk").trainable_variables == []
    argv = ["--config", str(closed_form / "config.toml"), "--quiet"]
    assert main([*argv, "--out", str(tmp_path / "again")]) == 0
    for name in TEXTS:
        one, other = (run / name for run in (closed_form, tmp_path / "again"))
        assert one.read_bytes() == other.read_bytes(), name


@pytest.mark.slow
def test_a_head_in_closed_form_needs_the_rows_of_the_run(folder, run_python, tmp_path):
    moved = folder / "moved.csv"
    (folder / "old.csv").rename(moved)
    try:
        argv = ["--from", str(folder / "run"), "--data", str(folder / "new.csv")]
        argv += ["--task", "relapse:binary", "--transfer-head", "bayesian"]
        expected = ["learns from the rows of", "old.csv: no such file"]
        check_refused(run_python, argv, expected, tmp_path)
    finally:
        moved.rename(folder / "old.csv")


def refusals(folder):
    """The flags and the expected message of each case, by name."""
    base = ["--data", str(folder / "new.csv"), "--task", "relapse:binary"]
    run = ["--from", str(folder / "run")]
    return {
        "no folder": (
            ["--from", str(folder / "none"), *base],
            ["none: no such folder", "expected the folder of a run"],
        ),
        "no run": (["--from", str(folder), *base], ["no config.toml and no model"]),
        "no task": ([*run, *base[:2]], ["expected the new task"]),
        "another kind": (
            [*run, *base[:2], "--task", "cost:binary:relapse"],
            ["tasks[cost]", "that is regression; received binary", "another name"],
        ),
        "another trunk": (
            [*run, *base, "--trunk", "8"],
            ["model.trunk: expected [128, 128]", "received ['8']"],
        ),
        "another kind of column": (
            [*run, *base, "--categorical", "age"],
            ["column 'age' is numeric in", "Leave the setting out"],
        ),
        "an unknown column": (
            [*run, *base, "--columns", "age,extra"],
            ["was trained without column 'extra'"],
        ),
        "a task named like the trunk": (
            [*run, *base[:2], "--task", "trunk:binary:relapse"],
            ["no layer of the trunk"],
        ),
        "no closed form": (
            [
                *(*run, *base[:2], "--transfer-head", "bayesian"),
                *("--task", "signs:multilabel:smoker,relapse"),
            ],
            ["tasks[signs]: the Bayesian head serves", "received multilabel"],
        ),
        "a wrong rate": ([*run, *base, "--trunk-rate", "2"], ["transfer.trunk_rate"]),
        "a rate without a run": (
            [*base, "--trunk-rate", "0.5"],
            ["transfer.trunk_rate: expected a run", "--from RUN"],
        ),
        "two at once": (
            [*run, *base, "--trunk", "8", "--epochs", "0"],
            ["model.trunk", "training.epochs"],
        ),
    }


NAMES = (
    "no folder",
    "no run",
    "no task",
    "another kind",
    "another trunk",
    "another kind of column",
    "an unknown column",
    "a task named like the trunk",
    "no closed form",
    "a wrong rate",
    "a rate without a run",
    "two at once",
)


def check_refused(run_python, argv, expected, tmp_path):
    done = run_python(
        "-m", "keras_mtl.fit", *argv, "--out", "result", cwd=tmp_path, shadowed=True
    )
    assert done.returncode == 2, done.stderr
    for part in expected:
        assert part in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_serve_is_refused_before_tensorflow(
    folder, run_python, tmp_path, name
):
    assert set(refusals(folder)) == set(NAMES)
    check_refused(run_python, *refusals(folder)[name], tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("age", "old", ["column 'age'", "'old' in data row 1"]),
        ("smoker", "Basel", ["column 'smoker'", "expected yes or no"]),
        ("site", "Paris", ["column 'site'", "Received none of them", "'Basel'"]),
    ],
)
def test_columns_of_other_types_are_refused(
    folder, run_python, tmp_path, column, value, expected
):
    rows = pd.read_csv(folder / "new.csv")
    rows[column] = value
    data = tmp_path / "data"
    data.mkdir()
    rows.to_csv(data / "rows.csv", index=False)
    argv = ["--from", str(folder / "run"), "--data", str(data / "rows.csv")]
    work = tmp_path / "work"
    work.mkdir()
    check_refused(run_python, [*argv, "--task", "relapse:binary"], expected, work)


@pytest.mark.slow
def test_a_linear_run_is_refused_as_it_has_no_trunk(folder, run_python, tmp_path):
    linear = tmp_path / "linear"
    argv = ["--data", str(folder / "old.csv"), "--task=sick:binary"]
    argv += ["--architecture", "group-sparse:strength=0.1", "--quiet"]
    assert main([*argv, "--out", str(linear)]) == 0
    work = tmp_path / "work"
    work.mkdir()
    argv = ["--from", str(linear), "--data", str(folder / "new.csv")]
    argv += ["--task", "relapse:binary"]
    check_refused(run_python, argv, ["expected a run with a trunk"], work)


def test_a_changed_run_is_refused_when_settings_are_repeated(
    folder, transferred, run_python, tmp_path
):
    text = (transferred / "config.toml").read_text()
    config = tomllib.loads(text)
    changed = text.replace(config["transfer"]["digest"], "0" * 64)
    (folder / "changed.toml").write_text(changed)
    argv = ["--config", str(folder / "changed.toml")]
    check_refused(run_python, argv, ["transfer.digest", "is another one"], tmp_path)


def test_evaluations_and_searches_have_no_such_flags(folder, tmp_path, run_python):
    config = tmp_path / "transfer.toml"
    config.write_text(
        f'tasks = [{{kind = "binary", name = "relapse"}}]\n'
        f'data = {{path = "{folder / "new.csv"}"}}\n'
        f'transfer = {{run = "{folder / "run"}"}}\n'
    )
    for module in ("keras_mtl.evaluate", "tuning"):
        done = run_python("-m", module, "--config", config, cwd=tmp_path, shadowed=True)
        assert done.returncode == 2
        assert "from the beginning" in done.stderr
        done = run_python("-m", module, "--from", folder / "run", cwd=tmp_path)
        assert done.returncode == 2
        assert "--from: " in done.stderr
