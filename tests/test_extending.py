"""All code and commands of docs/extending.md work unchanged."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from keras_mtl.architectures import ARCHITECTURES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
# Code for a process without the plugin and the package.
ASK = """
import sys, numpy as np, tensorflow as tf
assert "keras_mtl" not in sys.modules
model = tf.saved_model.load(sys.argv[1])
rows = {"month": tf.constant([1.0, 7.0]), "age": tf.constant([50.0, float("nan")])}
answer = model.signatures["serving_default"](**rows)
for name in sorted(answer):
    print(name, answer[name].shape[0], answer[name].dtype.name)
assert np.all(answer["visits"].numpy() > 0)
"""


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands():
    """The commands of the page as lists of arguments, in order."""
    text = "\n".join(blocks("sh")).replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the two files and the rows of the page."""
    folder = tmp_path_factory.mktemp("clinic")
    files = {"clinic_plugin.py": "", "make_rows.py": ""}
    name = ""
    for block in blocks("python"):
        first = block.partition("\n")[0]
        name = first[2:] if first[2:] in files else name
        if first == "# make_rows.py":
            files[first[2:]] += block
        else:
            files["clinic_plugin.py"] += block + "\n"
    for name, source in files.items():
        (folder / name).write_text(source, "utf-8")
    run([sys.executable, "make_rows.py"], folder)
    return folder


def run(arguments, folder, check=True):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable if a == "python" else a for a in arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stderr
    return done


def test_the_page_shows_each_of_the_four_and_each_command():
    source = "\n".join(blocks("python"))
    for name in ("task_kind", "feature_kind", "weighting", "architecture"):
        assert f"@km.register_{name}(" in source
    tools = [command[2] for command in commands()]
    assert tools == ["keras_mtl.fit", "keras_mtl.predict", "keras_mtl.export", "tuning"]


def test_the_tables_of_the_page_are_settings(folder):
    tables = [tomllib.loads(block) for block in blocks("toml")]
    assert [next(iter(table)) for table in tables] == [
        "features",
        "training",
        "model",
        "project",
    ]
    assert tables.pop()["project"]["entry-points"]["keras_mtl.plugins"] == {
        "clinic": "clinic_plugin"
    }
    code = (
        "import sys, json, clinic_plugin; from keras_mtl.configuration import *\n"
        "config = build_config(*json.loads(sys.argv[1]))\n"
        "print(config.training.weighting, config.model.architecture, *config.features)"
    )
    told = run([sys.executable, "-c", code, json.dumps(tables)], folder).stdout
    assert told.startswith("hardest-first:strength=2.0 residual:blocks=4 Cyclic")


@pytest.mark.slow
def test_the_page_from_the_command_to_a_served_answer_and_a_search(folder):
    """A plugin adds one of each kind, without a change of the package."""
    fit, predict, export, search = commands()
    told = run(fit, folder).stdout
    assert re.search(r"visits +│ +count", told)
    assert "poisson deviance" in told

    settings = tomllib.loads((folder / "run" / "config.toml").read_text())
    assert settings["training"]["weighting"] == {"name": "hardest-first", "strength": 2}
    assert settings["model"]["architecture"] == {"name": "residual", "blocks": 2}
    assert settings["features"][0] == {"kind": "cyclic", "name": "month"}
    assert settings["tasks"][0]["kind"] == "count"
    assert "clinic_plugin" not in (folder / "run" / "config.toml").read_text()
    metrics = json.loads((folder / "run" / "metrics.json").read_text())["test"]
    assert set(metrics["visits"]) == {"rows", "poisson_deviance", "mae"}
    plots = {path.name for path in (folder / "run" / "plots").iterdir()}
    assert {"visits_rates.png", "visits_learning_curve.png"} <= plots

    # The file of a run repeats the run exactly if the module is given again.
    again = ["--config", "run/config.toml", "--out", "again", "--quiet"]
    run([*fit[:3], "--import", "clinic_plugin", *again], folder)
    for name in ("metrics.json", "predictions.csv", "config.toml"):
        assert (folder / "again" / name).read_bytes() == (
            folder / "run" / name
        ).read_bytes()

    run(predict, folder)
    predictions = pd.read_csv(folder / "predictions.csv")
    rows = pd.read_csv(folder / "clinic.csv")
    assert (predictions["visits"] == rows["visits"]).all()
    assert (predictions["visits_value"] > 0).all()

    version = run(export, folder).stdout.strip()
    served = run([sys.executable, "-c", ASK, version], folder).stdout.split("\n")
    assert served[:3] == [
        "smoker 2 float32",
        "smoker_class 2 string",
        "visits 2 float32",
    ]

    run(search, folder)
    trials = pd.read_csv(folder / "search" / "trials.csv")
    assert trials["status"].tolist() == ["completed"] * 2
    best = trials.loc[trials["rank"] == 1, "val_visits_poisson_deviance"].item()
    assert best == trials["val_visits_poisson_deviance"].min()
    assert np.allclose(trials["weighting.strength"], 2.0)


@pytest.mark.slow
def test_without_the_module_commands_say_what_is_unknown_and_how_to_give_it(folder):
    if not (folder / "run").is_dir():
        run(commands()[0], folder)
    fit = [
        word
        for word in commands()[0]
        if word not in {"--import", "clinic_plugin", "--out", "run"}
    ]
    done = run([*fit, "--out", "nowhere"], folder, check=False)
    assert done.returncode == 2
    for part in (
        "training.weighting: expected one of sum,",
        f"model.architecture: expected one of {', '.join(ARCHITECTURES)}; received "
        "'residual'.",
        "tasks[visits]: expected a task's kind among binary,",
        "features[month]: expected a feature's kind among numeric,",
    ):
        assert f"error: {part}" in done.stderr
    assert done.stderr.count("--import MODULE on the command line") == 4
    for command in (
        ["python", "-m", "keras_mtl.predict", "run", "clinic.csv"],
        ["python", "-m", "keras_mtl.export", "run", "--to", "nowhere"],
    ):
        done = run(command, folder, check=False)
        assert done.returncode == 2
        assert "received 'count'" in done.stderr
        assert "received 'cyclic'" in done.stderr
        assert "--import MODULE" in done.stderr
    assert not (folder / "nowhere").exists()
