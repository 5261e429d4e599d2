"""The benchmark of auxiliary tasks has a case for each kind, and checks its flags."""

import pytest

from benchmarks.auxiliary import CASES, main
from keras_mtl.auxiliary import AUXILIARY_KINDS
from keras_mtl.configuration import build_config
from keras_mtl.runs.prepare import prepare_data


def test_every_kind_has_a_case():
    kinds = {entry["kind"] for case in CASES.values() for entry in case.auxiliary}
    assert kinds == {*AUXILIARY_KINDS}


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_a_run_on_the_heart_data(name):
    case = CASES[name]
    settings = {"auxiliary": case.auxiliary, "model": dict(case.model)}
    data = prepare_data(build_config(settings))
    assert [task.name for task in data.main_tasks] == ["thal", "heart"]
    assert any(task.auxiliary for task in data.tasks)


def test_wrong_flags_are_all_reported(capsys):
    assert main(["--only", "hnt", "--folds", "x", "--label-share", "2"]) == 2
    told = capsys.readouterr().err
    assert "Did you mean 'hint'" in told
    assert "--folds" in told
    assert "--label-share: expected a number above 0, at most 1" in told


@pytest.mark.slow
def test_it_prints_a_row_for_each_predicted_task(capsys):
    few = ["--folds", "2", "--repeats", "1", "--members", "1", "--epochs", "1"]
    assert main([*few, "--only", "missing-pattern", "--label-share", "0.5"]) == 0
    told = capsys.readouterr().out
    rows = [line for line in told.splitlines() if line.startswith("│ missing-pattern")]
    assert len(rows) == 2
