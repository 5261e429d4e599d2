"""The command: its figures, its files and its error messages."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from keras_mtl import activations
from keras_mtl.datasets.curve import curve_path, make_curve
from studies import read_curve, study_activations, study_settings
from studies.study_tables import scores

QUICK = ["--activations", "leaky_relu,tanh,none", "--seeds", "2", "--epochs", "4"]
PICTURES = {"curves.png", "learning_curves.png", "scores.png"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "out"
    assert activations.main([*QUICK, "--out", str(path), "--quiet"]) == 0
    return path


def test_writes_what_it_promises(folder):
    files = {path.name for path in folder.iterdir()}
    assert files == PICTURES | {"activations.json", "activations.csv", "study.json"}
    found = json.loads((folder / "activations.json").read_text())
    names = ["leaky_relu", "tanh", "none", "linear_regression"]
    assert list(found) == names
    for metrics in found.values():
        assert {key: set(value) for key, value in metrics.items()} == {
            "mse": {"mean", "std"},
            "r2": {"mean", "std"},
        }
    facts = json.loads((folder / "study.json").read_text())
    assert facts["ceiling"]["known"]
    assert facts["article"]["leaky_relu"] == {"mse": 0.1528, "r2": 0.8387}
    assert len(facts["straight_line"]["collapsed_networks"]) == 2


def test_the_json_is_the_mean_and_spread_of_the_csv(folder):
    found = json.loads((folder / "activations.json").read_text())
    table = pd.read_csv(folder / "activations.csv")
    assert len(table) == 3 * 2 + 1
    for name, part in table.groupby("activation"):
        for key in ("mse", "r2"):
            mean, std = found[name][key]["mean"], found[name][key]["std"]
            assert mean == pytest.approx(part[key].mean())
            assert std == pytest.approx(part[key].std(ddof=1) if len(part) > 1 else 0)


def test_linear_regression_is_that_of_numpy(folder):
    frame = pd.read_csv(curve_path())
    train, test = (frame[frame["split"] == side] for side in ("train", "test"))
    line = np.polyfit(train["x"], train["y"], 1)
    mse = np.mean((test["y"] - np.polyval(line, test["x"])) ** 2)
    found = json.loads((folder / "activations.json").read_text())
    assert found["linear_regression"]["mse"]["mean"] == pytest.approx(mse)


def test_the_regressors_taken_out_give_the_scores_told():
    rows = read_curve()
    settings = study_settings(
        {"activations": ["silu", "none"], "seeds": 2, "seed": 5, "epochs": 2}
    )
    study = study_activations(rows, settings)
    x, y = rows.test
    for name, result in study.results.items():
        for seed, mse in zip((5, 6), result.mse, strict=True):
            answers = np.asarray(study.regressor(name, seed)(x[:, None]))[:, 0]
            assert np.mean((y - answers) ** 2) == pytest.approx(mse, rel=1e-3)
    for (slope, intercept), answers in zip(
        study.collapsed_lines(), study.results["none"].answers, strict=True
    ):
        assert intercept + slope * x == pytest.approx(answers, abs=1e-3)
    assert study.epochs.tolist() == [1, 2]
    assert study.results["silu"].test_curve.shape == (2, 2)


@pytest.mark.slow
def test_networks_of_one_seed_start_alike_and_of_two_do_not():
    settings = study_settings(
        {
            "activations": ["relu", "none"],
            "seeds": 2,
            "epochs": 1,
            # So small that the weights keep their initial values.
            "learning_rate": 1e-30,
        }
    )
    study = study_activations(read_curve(), settings)
    relu, none, other = (
        study.regressor(name, seed).get_layer("dense_2").kernel.numpy()
        for name, seed in [("relu", 1), ("none", 1), ("relu", 0)]
    )
    np.testing.assert_array_equal(relu, none)
    assert not np.array_equal(relu, other)


@pytest.mark.slow
def test_a_network_is_the_same_whichever_others_are_trained():
    both, alone = (
        study_activations(
            read_curve(),
            study_settings(
                {
                    "activations": names,
                    "epochs": 1,
                    # Larger steps would amplify rounding errors.
                    "learning_rate": 1e-3,
                    **seeds,
                }
            ),
        )
        for names, seeds in [
            (["tanh", "relu"], {"seed": 0, "seeds": 2}),
            (["relu"], {"seed": 1, "seeds": 1}),
        ]
    )
    assert both.results["relu"].answers[1] == pytest.approx(
        alone.results["relu"].answers[0], abs=1e-3
    )


@pytest.mark.slow
@pytest.mark.parametrize(("curve", "seed"), [(6, 40), (1, 0)])
def test_leaky_relu_nears_the_ceiling_and_none_is_the_line(tmp_path, curve, seed):
    path = tmp_path / "curve.csv"
    make_curve(seed=curve).to_csv(path, index=False)
    rows = read_curve(str(path))
    settings = study_settings(
        {"activations": ["leaky_relu", "none"], "seeds": 3, "seed": seed}
    )
    study = study_activations(rows, settings)
    found = scores(study)
    assert found["leaky_relu"]["r2"]["mean"] > 0.8387
    assert found["leaky_relu"]["r2"]["mean"] > rows.ceiling - 0.02
    assert study.results["none"].r2 == pytest.approx(study.line_r2, abs=0.01)
    # The slopes agree much better than the uncertainty of the regression.
    assert study.collapsed_lines()[:, 0] == pytest.approx(
        study.line[0], abs=study.line_error
    )


@pytest.mark.slow
def test_heart_table_has_each_task_and_measure(tmp_path):
    out = tmp_path / "heart"
    flags = ["--heart", "--activations", "relu,none", "--seeds", "1"]
    assert activations.main([*flags, "--out", str(out), "--quiet"]) == 0
    found = json.loads((out / "activations.json").read_text())
    assert set(found) == {"relu", "none"}
    for tasks in found.values():
        assert set(tasks) == {"thal", "heart"}
        assert tasks["heart"]["auc"]["mean"] > 0.75
    assert (out / "heart.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--activations", "leaky_relu,geluu"], "Did you mean 'gelu'?"),
        (["--activations", ","], "at least one name"),
        (["--negative-slope", "nan"], "--negative-slope: expected a finite number"),
        (["--negative-slope", "inf"], "--negative-slope: expected a finite number"),
        (["--seeds", "0"], "--seeds: expected"),
        (["--epochs", "many"], "--epochs: expected"),
        (["--learning-rate", "-1"], "--learning-rate: expected"),
        (["--data", "no_such.csv"], "no_such.csv"),
        (["--heart", "--epochs", "3"], "--epochs: has no part in --heart"),
        (["--activation", "relu"], "Did you mean '--activations'?"),
    ],
)
def test_mistakes_end_with_2_and_write_nothing(flags, message, tmp_path, capsys):
    out = tmp_path / "out"
    assert activations.main([*flags, "--out", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_all_mistakes_are_told_at_once(tmp_path, capsys):
    flags = ["--activations", "x", "--seeds", "0", "--negative-slope", "nan"]
    assert activations.main([*flags, "--out", str(tmp_path / "out")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 3


def test_a_bad_file_and_a_bad_folder_are_told_together(tmp_path, capsys):
    data = tmp_path / "bad.csv"
    data.write_text("a,b\n1,2\n")
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("dear")
    flags = ["--data", str(data), "--out", str(out), "--overwrite"]
    assert activations.main(flags) == 2
    told = capsys.readouterr().err
    assert "expected a column 'x'" in told
    assert "expected a column 'y'" in told
    assert "it lacks activations.json" in told
    assert (out / "thesis.txt").read_text() == "dear"


def test_a_folder_that_is_there_is_kept(folder, capsys):
    before = (folder / "activations.json").read_bytes()
    assert activations.main([*QUICK, "--out", str(folder)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (folder / "activations.json").read_bytes() == before


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from keras_mtl.activations import main; main(['--help']); "
        "print({'keras', 'numpy', 'tensorflow', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("set()")
    assert "--negative-slope" in done.stdout
