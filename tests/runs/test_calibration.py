"""What a run learns after training, from rows that members hold out."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from keras_mtl.configuration.flag_values import nest_flags
from keras_mtl.configuration.toml_file import read_toml
from keras_mtl.configuration.validate import build_config
from keras_mtl.errors import UserError
from keras_mtl.evaluation import fit_temperature
from keras_mtl.fit import main
from keras_mtl.runs.calibration import learn_calibration
from keras_mtl.runs.predictions import predict_held_out, predict_matrix
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.serving.model_file import read_declarations
from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask
from keras_mtl.training.settings import TrainingSettings
from tests.conftest import MIXED_TASKS

TEXTS = ("config.toml", "history.csv", "metrics.json", "predictions.csv")
# So many members that each training row is a validation row.
QUICK = ("--members=5", "--epochs=4", "--learning-rate=0.01", "--quiet")
ASKED = (
    "--calibration=temperature",
    "--threshold=relapse=sensitivity=0.9",
    "--threshold=symptoms=f1",
    "--coverage=0.8",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory, mixed_frame):
    path = tmp_path_factory.mktemp("visits") / "visits.csv"
    mixed_frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("calibrated") / "run"
    argv = ["--data", str(data), *MIXED_TASKS, *QUICK, *ASKED, "--out", str(folder)]
    assert main(argv) == 0
    return folder


@pytest.fixture(scope="module")
def learned(run):
    return json.loads((run / "metrics.json").read_text())["calibration"]


def test_each_task_with_probabilities_has_a_temperature(learned):
    temperatures = {
        name: facts["temperature"]
        for name, facts in learned.items()
        if "temperature" in facts
    }
    assert set(temperatures) == {"relapse", "stage", "symptoms"}
    assert all(0.05 <= each <= 20 and each != 1 for each in temperatures.values())


def test_the_saved_model_holds_them(run, learned):
    import keras

    model = keras.saving.load_model(run / "model.keras", compile=False)
    core = next(
        layer for layer in model.layers if type(layer).__name__ == "MultiTaskModel"
    )
    for name in ("relapse", "stage", "symptoms"):
        layer = core.get_layer(f"{name}.temperature")
        assert layer.temperature == learned[name]["temperature"]


def test_thresholds_are_chosen_and_kept(run, learned):
    tasks, _ = read_declarations(run / "model.keras")
    by_name = {task.name: task for task in tasks}
    for name, aim in (("relapse", "sensitivity=0.9"), ("symptoms", "f1")):
        found = learned[name]["threshold"]
        assert by_name[name].threshold == found["value"] != 0.5
        assert by_name[name].threshold_aim == found["aim"] == aim
    assert learned["relapse"]["threshold"]["reached"]
    assert learned["relapse"]["threshold"]["sensitivity"] >= 0.9
    table = pd.read_csv(run / "predictions.csv")
    positive = table["relapse_probability"] >= np.float32(by_name["relapse"].threshold)
    assert (table["relapse_class"] == np.where(positive, "yes", "no")).all()
    # What repeats the run is the aim, not what it led to.
    config = read_toml(str(run / "config.toml"))
    (relapse,) = [task for task in config["tasks"] if task["name"] == "relapse"]
    assert relapse["threshold_aim"] == "sensitivity=0.9"
    assert "threshold" not in relapse


def test_each_row_has_a_set_or_an_interval(run, learned):
    tasks, _ = read_declarations(run / "model.keras")
    table = pd.read_csv(run / "predictions.csv")
    for task in tasks:
        found = learned[task.name]["set"]
        assert (task.set_coverage, task.set_quantile) == (0.8, found["quantile"])
        assert 0 <= found["held_out"]["coverage"] <= 1
    sets = table["stage_set"].str.split("|")
    assert all(
        prediction in each
        for prediction, each in zip(table["stage_class"], sets, strict=True)
    )
    assert learned["stage"]["set"]["held_out"]["mean_size"] == sets.str.len().mean()
    width = table["cost_high"] - table["cost_low"]
    np.testing.assert_allclose(width, 2 * learned["cost"]["set"]["quantile"], rtol=1e-3)
    assert set(table["symptoms_set[fever]"]) <= {"no", "yes", "no|yes"}


def test_the_model_card_says_so(run, learned):
    (card,) = run.glob("serving/*/1/assets.extra/model_card.md")
    assert f"temperature: {learned['stage']['temperature']}" in card.read_text()


def test_a_new_process_predicts_what_the_run_predicted(run, data, run_python, tmp_path):
    before = pd.read_csv(run / "predictions.csv", dtype=str)
    rows = tmp_path / "rows.csv"
    frame = pd.read_csv(data, dtype=str)
    frame.iloc[before["row"].astype(int)].to_csv(rows, index=False)
    out = tmp_path / "predictions.csv"
    done = run_python("-m", "keras_mtl.predict", run, rows, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    after = pd.read_csv(out, dtype=str)
    pd.testing.assert_frame_equal(after.drop(columns="row"), before.drop(columns="row"))


SERVE = """
import json, sys
import pandas as pd
from keras_mtl.serving.session import ServingSession
folder, table = sys.argv[1:]
session = ServingSession(folder)
signature = session.signatures["serving_default"]
frame = pd.read_csv(table, dtype=str, keep_default_na=False)
inputs = {}
columns = json.load(open(f"{folder}/assets.extra/metadata.json"))["features"]
for feature in columns:
    values = frame[feature["column"]]
    if feature["dtype"] == "float32":
        values = pd.to_numeric(values)
    inputs[feature["name"]] = values.to_numpy()
outputs = session.run("serving_default", inputs)
print(json.dumps({
    name: [x.decode() if isinstance(x, bytes) else x for x in values.tolist()]
    if values.dtype == object and values.ndim == 1 else
    [[x.decode() for x in row] for row in values]
    if values.dtype == object else values.tolist()
    for name, values in outputs.items()
}))
"""


@pytest.fixture(scope="module")
def served(run, data, run_python, tmp_path_factory):
    """The answers of the SavedModel, in a process of its own, to the held-out rows."""
    before = pd.read_csv(run / "predictions.csv")
    frame = pd.read_csv(data, dtype=str)
    rows = tmp_path_factory.mktemp("rows") / "rows.csv"
    frame.iloc[before["row"]].to_csv(rows, index=False)
    (version,) = run.glob("serving/*/1")
    done = run_python("-c", SERVE, version, rows)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_served_model_gives_the_same_probabilities(run, served):
    before = pd.read_csv(run / "predictions.csv")
    np.testing.assert_allclose(
        served["relapse"], before["relapse_probability"], rtol=1e-4
    )
    for task, labels in (("stage", ("I", "II", "III")), ("symptoms", ())):
        labels = labels or ("fever", "cough")
        columns = [f"{task}_probability[{label}]" for label in labels]
        np.testing.assert_allclose(served[task], before[columns], rtol=1e-4)


def test_the_served_model_gives_the_same_decisions_and_sets(run, served):
    before = pd.read_csv(run / "predictions.csv")
    for column in ("relapse_class", "relapse_set", "stage_set"):
        assert served[column] == before[column].tolist()
    assert [row[1] for row in served["symptoms_set"]] == (
        before["symptoms_set[cough]"].tolist()
    )
    np.testing.assert_allclose(served["cost_low"], before["cost_low"], rtol=1e-4)
    np.testing.assert_allclose(served["cost_high"], before["cost_high"], rtol=1e-4)


@pytest.mark.slow
def test_its_own_config_repeats_the_run(run, tmp_path):
    again = tmp_path / "again"
    argv = ["--config", str(run / "config.toml"), "--out", str(again), "--quiet"]
    assert main(argv) == 0
    for name in TEXTS:
        assert (run / name).read_bytes() == (again / name).read_bytes(), name


@pytest.mark.slow
def test_a_resumed_fit_learns_the_same(run, data, tmp_path, monkeypatch):
    from keras_mtl.runs.checkpoint import KeepProgress

    kept = KeepProgress.__call__

    def stop(self, progress):
        kept(self, progress)
        if progress.epoch == 2:
            raise KeyboardInterrupt

    again = tmp_path / "again"
    argv = ["--data", str(data), *MIXED_TASKS, *QUICK, *ASKED, "--out", str(again)]
    monkeypatch.setattr(KeepProgress, "__call__", stop)
    assert main(argv) == 1
    monkeypatch.undo()
    assert main(["--resume", "--out", str(again), "--quiet"]) == 0
    for name in TEXTS:
        assert (run / name).read_bytes() == (again / name).read_bytes(), name
    shutil.rmtree(again)


def test_rows_are_predicted_by_the_members_that_hold_them_out(make_model, data_rows):
    members = [make_model(seed) for seed in range(3)]
    validation = [np.array([4, 0, 2]), np.array([2, 3]), np.array([2, 90])]
    rows, outputs = predict_held_out(
        lambda member, inputs: predict_matrix(members[member], inputs),
        data_rows,
        validation,
    )
    assert rows.tolist() == [0, 2, 3, 4, 90]
    by_member = [predict_matrix(member, data_rows) for member in members]
    holders = {0: [0], 2: [0, 1, 2], 3: [1], 4: [0], 90: [2]}
    for name, values in outputs.items():
        for position, row in enumerate(rows):
            expected = np.mean(
                [by_member[member][name][row] for member in holders[row]], axis=0
            )
            np.testing.assert_allclose(values[position], expected, rtol=1e-5)


@pytest.fixture
def data_rows():
    return np.random.default_rng(0).normal(size=(96, 5)).astype("float32")


def test_temperatures_are_those_of_the_true_logits():
    # Labels are drawn from logits that the outputs then exaggerate.
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(4000, 3))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    drawn = np.array([generator.choice(3, p=each) for each in shares], float)
    sure = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    two = (generator.random(4000) < 1 / (1 + np.exp(-logits[:, 0]))).astype(float)
    two[::7] = np.nan
    outputs = {
        "thal": sure.astype("float32"),
        "heart": (1 / (1 + np.exp(-0.5 * logits[:, :1]))).astype("float32"),
        "age": logits[:, :1].astype("float32"),
    }
    tasks = [
        MulticlassTask("thal", classes=("a", "b", "c")),
        BinaryTask("heart"),
        RegressionTask("age"),
    ]
    settings = TrainingSettings(calibration="temperature")
    labels = {"thal": drawn, "heart": two, "age": logits[:, 0]}
    found = learn_calibration(tasks, settings, labels, outputs)
    assert found.temperatures.keys() == {"thal", "heart"}
    assert found.temperatures["thal"] == pytest.approx(3, rel=0.1)
    assert found.temperatures["heart"] == pytest.approx(0.5, rel=0.1)
    assert found.temperatures["heart"] == pytest.approx(
        fit_temperature(two, 0.5 * logits[:, 0]), rel=1e-4
    )
    assert found.facts["heart"]["labels"] == np.isfinite(two).sum()
    # Certain and wrong: the logits stay finite.
    outputs["heart"] = np.ones((4000, 1), "float32")
    sure = learn_calibration(tasks, settings, labels, outputs).temperatures["heart"]
    assert 0.05 <= sure <= 20


@pytest.mark.parametrize(
    ("flags", "messages"),
    [
        (
            [
                *("--preset=article", "--calibration=temperature", "--coverage=0.9"),
                "--threshold=heart=f1",
            ],
            [
                "as training.calibration = 'temperature' is learned",
                "as training.coverage = 0.9 is learned",
                "as tasks[heart].threshold_aim = 'f1' is learned",
            ],
        ),
        (["--joint-coverage"], ["training.coverage: expected a probability"]),
        (["--threshold=thal=0.3"], ["tasks[thal].threshold: unknown setting"]),
        (["--threshold=hart=0.3"], ["Did you mean 'heart'?"]),
        (["--threshold=heart=1.3"], ["tasks[heart].threshold: expected"]),
        (
            ["--threshold=heart=sensitivty=0.9"],
            ["tasks[heart].threshold_aim: expected balanced-accuracy"],
        ),
        (
            ["--coverage=0.999"],
            ["with a label of task 'thal'", "with a label of task 'heart'"],
        ),
    ],
)
def test_what_cannot_be_learned_is_refused_before_tensorflow_loads(
    flags, messages, run_python, tmp_path
):
    done = run_python("-m", "keras_mtl.fit", *flags, shadowed=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("error:") == len(messages)
    for message in messages:
        assert message in done.stderr
    assert [*tmp_path.iterdir()] == []


def test_a_class_without_validation_rows_is_refused(tmp_path):
    dose = np.random.default_rng(0).normal(size=60).round(2)
    frame = pd.DataFrame({"dose": dose, "sick": ["no"] * 54 + ["yes"] * 6})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    config = build_config(
        {
            "data": {"path": str(tmp_path / "rows.csv")},
            "tasks": [{"kind": "binary", "name": "sick", "threshold_aim": "f1"}],
            # One member with few validation rows, of one class.
            "training": {"members": 1, "validation_fraction": 0.02, "patience": 0},
        }
    )
    with pytest.raises(UserError, match="validation rows of both classes of task"):
        prepare_data(config)


def test_a_number_given_by_a_flag_wins_over_an_aim_of_the_file():
    file = {
        "tasks": [{"kind": "binary", "name": "heart", "threshold_aim": "f1"}],
        "data": {"path": "rows.csv"},
    }
    nested = nest_flags({"thresholds": {"heart": "0.3"}}, file, [])
    assert nested["tasks"] == [{"kind": "binary", "name": "heart", "threshold": 0.3}]
    nested = nest_flags({"thresholds": {"heart": "costs=1:5"}}, file, [])
    assert nested["tasks"][0]["threshold_aim"] == "costs=1:5"
