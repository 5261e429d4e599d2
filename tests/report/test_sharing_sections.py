"""Sections on why sharing helps: what was measured is shown, the rest is left out."""

import numpy as np
import pandas as pd

from keras_mtl.report import SharingFacts
from keras_mtl.report.page_figures import PageFigures
from keras_mtl.report.sharing_sections import sharing_sections
from keras_mtl.tasks import BinaryTask, RegressionTask

TASKS = (BinaryTask("sick"), RegressionTask("cost"))
COSINES = pd.DataFrame(
    {
        "epoch": [2, 1, 1, 2],
        "task": ["sick", "sick", "sick", "sick"],
        "other": ["cost", "cost", "age", "age"],
        "cosine": [-0.4, -0.2, 0.5, 0.3],
        "std": [0.1, 0.1, 0.1, np.nan],
    }
)
AFFINITY = pd.DataFrame(
    [[0.2, -0.01], [0.03, 0.1]], index=["sick", "cost"], columns=["sick", "cost"]
)
EFFICIENCY = pd.DataFrame(
    [
        (task, share, model, metric, 0.7 + share / 10, 0.02)
        for task, metric in (("sick", "auc"), ("sick", "accuracy"), ("cost", "r2"))
        for share in (0.1, 0.5, 1.0)
        for model in ("multi-task", "single-task")
    ],
    columns=["task", "share", "model", "metric", "mean", "std"],
)


def make(**facts):
    return sharing_sections(SharingFacts(**facts), TASKS, PageFigures())


def table(section):
    (found,) = [block for block in section.blocks if block.kind == "table"]
    return found


def test_nothing_measured_has_no_section():
    assert make() == []
    empty = pd.DataFrame()
    assert make(gradient_cosines=empty, affinity=empty, label_efficiency=empty) == []


def test_cosines_are_averaged_over_the_epochs():
    (section,) = make(gradient_cosines=COSINES)
    rows = dict(table(section).rows)
    assert rows == {"sick and cost": -0.30000000000000004, "sick and age": 0.4}
    (figure,) = [block for block in section.blocks if block.kind == "figure"]
    assert len(figure.values["rows"]) == 4
    assert "sick and cost" in figure.svg


def test_affinities_keep_their_direction():
    (section,) = make(affinity=AFFINITY)
    found = table(section)
    assert found.columns == ("step on", "sick", "cost")
    assert found.rows == [("sick", 0.2, -0.01), ("cost", 0.03, 0.1)]


def test_affinities_of_many_tasks_are_a_table_alone():
    names = [f"t{index}" for index in range(30)]
    many = pd.DataFrame(np.eye(30), index=names, columns=names)
    (section,) = make(affinity=many)
    assert not [block for block in section.blocks if block.kind == "figure"]


def test_groups_are_written_as_words():
    groups = {"groups": [["a", "b"], ["c"]], "gain": 0.01234, "folds": 5}
    (section,) = make(task_groups=groups)
    assert section.blocks[1].values == {
        "groups": "a, b; c",
        "gain": "0.01234",
        "folds": 5,
    }


def test_label_efficiency_shows_the_metric_that_verdicts_rest_on():
    (section,) = make(label_efficiency=EFFICIENCY)
    rows = table(section).rows
    assert {(row[0], row[3]) for row in rows} == {("sick", "AUC"), ("cost", "R²")}
    assert {row[1] for row in rows} == {"10%", "50%", "100%"}
    figures = [block for block in section.blocks if block.kind == "figure"]
    assert [figure.caption for figure in figures] == [
        "AUC of sick by the share of its labels.",
        "R² of cost by the share of its labels.",
    ]


def test_sentences_come_first():
    first, second = make(sentences=["One."], affinity=AFFINITY)
    assert [block.text for block in first.blocks] == ["One."]
    assert second.title == "Affinity of tasks"
