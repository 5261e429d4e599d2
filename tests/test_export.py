"""The command `python -m keras_mtl.export RUN --to BASE`."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import keras_mtl as km
from keras_mtl.export import main
from keras_mtl.serving.session import ServingSession

pytestmark = pytest.mark.xdist_group("export")
COMMAND = [sys.executable, "-m", "keras_mtl.export"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    folder.mkdir()
    features = [
        km.NumericFeature("age", missing_share=0.0, mean=50.0, scale=9.0),
        km.CategoricalFeature("sex", vocabulary=("f", "m"), frequencies=(0.5, 0.5)),
    ]
    features[1] = features[1].replace(missing_share=0.0)
    tasks = [km.BinaryTask("heart"), km.RegressionTask("chol")]
    km.build_hard_sharing(features, tasks, trunk=(4,)).save(folder / "model.keras")
    metrics = {"test": {"heart": {"auc": 0.9}}, "rows": {"test": 184}}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "config.toml").write_text('seed = 7\n[model]\nname = "heart_disease"\n')
    return folder


def copy_run(run, folder, **texts):
    folder.mkdir()
    for file in run.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    for name, text in texts.items():
        suffix = ".toml" if name == "config" else ".json"
        (folder / f"{name}{suffix}").write_text(text)
    return folder


def test_versions_are_published_under_the_runs_name(run, tmp_path, capsys):
    assert main([str(run), "--to", str(tmp_path)]) == 0
    version = tmp_path / "heart_disease" / "1"
    assert capsys.readouterr().out == f"{version}\n"
    metadata = json.loads((version / "assets.extra" / "metadata.json").read_text())
    assert metadata["details"]["metrics"] == {"test": {"heart": {"auc": 0.9}}}
    assert metadata["details"]["seed"] == 7
    assert len(metadata["details"]["data"]["sha256"]) == 64
    row = {"age": [63.0], "sex": ["m"]}
    answer = ServingSession(version).run("serving_default", row)
    assert sorted(answer) == ["chol", "heart", "heart_class"]


def test_all_mistakes_are_told_at_once_without_tensorflow(tmp_path):
    (tmp_path / "file").touch()
    command = [*COMMAND, "nowhere", "--to", tmp_path / "file", "--format", "onx"]
    # Python writes each import to the standard error.
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    told = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(told) == 3
    assert "Did you mean 'onnx'?" in told[2]
    assert "Traceback" not in done.stderr
    for module in ("tensorflow", "keras", "pandas"):
        assert f"| {module}\n" not in done.stderr


def test_where_to_is_asked_for(run, capsys):
    assert main([str(run)]) == 2
    assert "--to: expected the folder" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../elsewhere", "/tmp/elsewhere", "a/b", "", ".."])
def test_a_name_leads_nowhere_else(run, tmp_path, capsys, name):
    assert main([str(run), "--to", str(tmp_path / "base"), "--name", name]) == 2
    toml = f"[model]\nname = {json.dumps(name)}\n"
    hostile = copy_run(run, tmp_path / "run", config=toml)
    assert main([str(hostile), "--to", str(tmp_path / "base")]) == 2
    assert "expected a letter" in capsys.readouterr().err
    assert sorted(child.name for child in tmp_path.iterdir()) == ["run"]


@pytest.mark.parametrize(
    "texts",
    [
        {"config": "name = [" + "[" * 10_000},
        {"config": "\0"},
        {"config": "[model]\nname = 3"},
        {"metrics": "{" * 100_000},
        {"metrics": "null" * 3},
    ],
)
def test_hostile_files_get_an_error(run, tmp_path, capsys, texts):
    hostile = copy_run(run, tmp_path / "run", **texts)
    assert main([str(hostile), "--to", str(tmp_path / "base")]) == 2
    assert not (tmp_path / "base").exists()
    assert "Traceback" not in capsys.readouterr().err


def start(command):
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_exports_at_once_and_killed_ones(run, tmp_path):
    """Two exports get two numbers; an export that is killed gets no number."""
    base = tmp_path / "base"
    command = [*COMMAND, str(run), "--to", str(base)]
    exports = [start(command) for _ in range(2)]
    for export in exports:
        _, said = export.communicate(timeout=300)
        assert export.returncode == 0, said
    folder = base / "heart_disease"
    for stage in ("saved_model.pb", "assets.extra/metadata.json"):
        victim = start(command)
        while not any(folder.glob(f".*.partial/{stage}")):
            assert victim.poll() is None, victim.communicate()[1]
            time.sleep(0.002)
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
        for partial in folder.glob(".*.partial"):
            partial.rename(tmp_path / f"{partial.name}.seen")
        versions = {child.name for child in folder.iterdir()} - {".published"}
        assert versions == {"1", "2"}
    assert main([str(run), "--to", str(base)]) == 0
    for version in ("1", "2", "3"):
        ServingSession(folder / version)
