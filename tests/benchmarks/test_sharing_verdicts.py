"""Verdicts where it is known whether sharing helps."""

import numpy as np
import pytest

from benchmarks.sharing_verdicts import SCENARIOS, judge_draws, main


@pytest.mark.slow
def test_a_task_of_shuffled_labels_is_not_helped():
    judged = judge_draws(SCENARIOS["first task shuffled"], draws=40)
    assert len(judged) == 40
    assert sum(verdict.outcome == "helps" for verdict, _ in judged) <= 3
    assert abs(np.mean([difference.mean for _, difference in judged])) < 0.02


@pytest.mark.slow
def test_a_task_with_few_labels_is_helped_by_the_same_task_with_many():
    judged = judge_draws(SCENARIOS["the same, few labels of the first"], draws=10)
    outcomes = [verdict.outcome for verdict, _ in judged]
    assert outcomes.count("helps") >= 3
    assert outcomes.count("hurts") == 0


def test_the_command_fails_where_the_null_is_helped(monkeypatch, capsys):
    from benchmarks import sharing_verdicts

    def areas(frames, splits, tasks):
        # A network of both tasks that is always better, with some spread.
        generator = np.random.default_rng(len(tasks))
        level = 0.6 if len(tasks) == 1 else 0.7
        return {t.name: level + generator.normal(0, 0.01, len(splits)) for t in tasks}

    monkeypatch.setattr(sharing_verdicts, "_areas", areas)
    assert main(["--draws", "4", "--folds", "3"]) == 1
    assert "first task shuffled" in capsys.readouterr().out
