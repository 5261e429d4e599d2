"""Ways to share are compared on rows of their own, by one command."""

import csv

import numpy as np
import pytest

from benchmarks.architectures import main
from benchmarks.sharing_problems import PROBLEMS, RELATED, made_tasks


def test_made_tasks_have_rows_of_their_own_and_the_stated_correlation():
    problem = made_tasks(2)
    assert len(problem.train) == 2 * len(RELATED)
    rows = np.concatenate([*problem.train, *problem.validation, *problem.test])
    assert len(np.unique(rows)) == len(rows) == len(problem.inputs)
    truth = np.stack(list(problem.truth.values()))
    for group, test in zip(problem.groups, problem.test, strict=True):
        correlations = np.corrcoef(truth[:, test])
        assert abs(correlations[0, 1] - float(group)) < 0.12


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name != "made"])
def test_splits_of_real_tables_do_not_overlap(name):
    problem = PROBLEMS[name](2)
    assert len(problem.tasks) >= 2
    for member in range(2):
        parts = [
            each[member] for each in (problem.train, problem.validation, problem.test)
        ]
        rows = np.concatenate(parts)
        assert len(np.unique(rows)) == len(rows)
        # Features are standardized by the rows that train.
        assert np.isfinite(problem.inputs[rows]).all()
    assert {len(values) for values in problem.labels.values()} == {len(problem.inputs)}


@pytest.mark.slow
def test_the_command_writes_each_skill(tmp_path, capsys):
    arguments = ["--problems", "wine", "--architectures", "mmoe:experts=2"]
    assert main([*arguments, "--seeds", "2", "--out", str(tmp_path)]) == 0
    with (tmp_path / "architectures.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 3 * 2 * 3
    skills = [float(row["skill"]) for row in rows if row["task"] == "target"]
    # The cultivar of these wines is easy to predict.
    assert min(skills) > 0.5
    assert "mmoe:experts=2" in capsys.readouterr().out


def test_all_that_is_wrong_is_reported_at_once(tmp_path, capsys):
    arguments = ["--problems", "wyne", "--architectures", "ple:level=2", "--seeds", "1"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr().err
    for text in ("'wyne'", "levels", "--seeds"):
        assert text in shown
    assert not (tmp_path / "out").exists()
