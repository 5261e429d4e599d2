"""TF_CONFIG is understood as TensorFlow does, or refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.configuration.workers import Workers, read_workers
from keras_mtl.errors import UserError
from keras_mtl.fit import main

TWO = {"worker": ["a:1", "b:2"]}


def read(cluster, task):
    return read_workers({"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})})


def test_workers_are_numbered_and_the_first_is_the_chief():
    workers = read(TWO, {"type": "worker", "index": 0})
    assert workers == Workers(("a:1", "b:2"), 0)
    assert workers.is_chief
    second = read(TWO, {"type": "worker", "index": "1"})
    assert second.index == 1
    assert not second.is_chief
    assert second.describe(1) == "worker 1 of 2 (b:2)"


def test_a_chief_comes_before_the_workers():
    cluster = {"worker": ["a:1", "b:2"], "chief": ["c:3"]}
    assert read(cluster, {"type": "chief", "index": 0}).is_chief
    workers = read(cluster, {"type": "worker", "index": 1})
    assert workers.addresses == ("c:3", "a:1", "b:2")
    assert workers.index == 2
    assert workers.number("chief", 0) == 0
    assert workers.number("worker", 0) == 1


@pytest.mark.parametrize(
    "text",
    ["", " ", "{}", '{"cluster": {}}', '{"task": {"type": "worker", "index": 0}}'],
)
def test_without_a_cluster_a_process_trains_alone(text):
    assert read_workers({"TF_CONFIG": text}) is None
    assert read_workers({}) is None
    assert read({"worker": ["a:1"]}, {"type": "worker", "index": 0}) is None


@pytest.mark.parametrize(
    ("cluster", "task", "message"),
    [
        (TWO, {"type": "worker", "index": 2}, "from 0 to 1, as the cluster has 2"),
        (TWO, {"type": "worker", "index": -1}, "received -1"),
        (TWO, {"type": "worker", "index": True}, "received True"),
        (TWO, {"type": "worker"}, "received None"),
        (TWO, {"type": "chief", "index": 0}, "expected one of worker"),
        (TWO, {"index": 0}, "task.type: expected one of worker"),
        (TWO, None, "task: expected this process"),
        ([], {"type": "worker", "index": 0}, "cluster: expected lists"),
        (
            {"ps": ["a:1"], **TWO},
            {"type": "worker", "index": 0},
            "cluster.ps: expected",
        ),
        ({"wroker": ["a:1"]}, {"type": "wroker", "index": 0}, "mean 'worker'"),
        ({"worker": []}, {"type": "worker", "index": 0}, "list of addresses"),
        ({"worker": "a:1"}, {"type": "worker", "index": 0}, "list of addresses"),
        ({"worker": ["a", "b:0"]}, {"type": "worker", "index": 0}, "HOST:PORT"),
        ({"worker": ["a:1", "a:1"]}, {"type": "worker", "index": 0}, "more than once"),
        (
            {"chief": ["a:1", "b:1"], "worker": ["c:1"]},
            {"type": "chief", "index": 0},
            "one chief; received 2",
        ),
    ],
)
def test_what_can_not_work_is_refused(cluster, task, message):
    with pytest.raises(UserError, match=message):
        read(cluster, task)


@given(st.text() | st.from_regex(r"[\[{\"0-9,:\]}]*", fullmatch=True))
def test_any_text_is_understood_or_refused(text):
    try:
        workers = read_workers({"TF_CONFIG": text})
    except UserError:
        return
    assert workers is None or 0 <= workers.index < workers.count


def test_the_command_tells_it_beside_other_mistakes(monkeypatch, capsys):
    monkeypatch.setenv("TF_CONFIG", "{")
    assert main(["--epochs", "-1"]) == 2
    told = capsys.readouterr().err
    assert "TF_CONFIG: expected JSON" in told
    assert "training.epochs" in told


def test_it_is_told_before_tensorflow_loads(run_python, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}}')
    ended = run_python("-m", "keras_mtl.fit", shadowed=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "TF_CONFIG: task: expected this process" in ended.stderr
