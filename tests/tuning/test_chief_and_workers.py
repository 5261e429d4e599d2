"""keras-tuner's own chief and workers, by the script of docs/search.md."""

import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from keras_mtl.configuration import build_config

pytestmark = pytest.mark.xdist_group("searches")

ROOT = Path(__file__).parents[2]
# The script itself, with fewer and shorter trials.
SHORTER = {
    "max_trials=20": "max_trials=2",
    '"epochs": 50': '"epochs": 2',
    "folds=3": "folds=2",
}


def script():
    page = (ROOT / "docs" / "search.md").read_text("utf-8")
    (text,) = re.findall(
        r"```\n(\"\"\"[^`]*: search\.py\.\"\"\".*?)```", page, re.DOTALL
    )
    for long, short in SHORTER.items():
        assert long in text
        text = text.replace(long, short)
    return text


def free_port():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


@pytest.mark.slow
def test_the_script_of_the_page_is_shared_by_a_chief_and_a_worker(tmp_path):
    (tmp_path / "search.py").write_text(script())
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": str(free_port()),
    }
    # One worker: with two, the chief may sleep for 20 seconds before it ends.
    processes = {
        name: subprocess.Popen(
            [sys.executable, "search.py"],
            cwd=tmp_path,
            env={**environment, "KERASTUNER_TUNER_ID": name},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("chief", "tuner0")
    }
    try:
        for name, process in processes.items():
            _, errors = process.communicate(timeout=300)
            assert process.returncode == 0, f"{name}: {errors}"
    finally:
        for process in processes.values():
            process.kill()
    shared = tmp_path / "shared" / "heart"
    assert len([*shared.glob("trial_*/trial.json")]) == 2
    config = build_config(tomllib.loads((tmp_path / "config.toml").read_text()))
    assert config.inputs.numeric_encoding in ("standard", "quantile")
    assert {
        feature.encoding for feature in config.features if feature.kind == "numeric"
    } == {config.inputs.numeric_encoding}
