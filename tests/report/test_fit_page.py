"""The report of a fit: every task's results, whatever its kind and number."""

import json
import time

import numpy as np
import pytest

from keras_mtl.report import FitFacts, NetworkLayer, fit_report, report_json
from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask

ROWS = 80
GENERATOR = np.random.default_rng(0)
LABELS = {
    "sick": GENERATOR.integers(0, 2, ROWS).astype("float32"),
    "stage": GENERATOR.integers(0, 3, ROWS).astype("float32"),
    "cost": GENERATOR.normal(1000, 100, ROWS).astype("float32"),
}
OUTPUTS = {
    "sick": GENERATOR.uniform(size=(ROWS, 1)),
    # Never the last class.
    "stage": np.eye(3)[GENERATOR.integers(0, 2, ROWS)],
    "cost": LABELS["cost"][:, None] + GENERATOR.normal(0, 30, (ROWS, 1)),
}
TASKS = (
    BinaryTask("sick"),
    MulticlassTask("stage", classes=("I", "II", "III")),
    RegressionTask("cost"),
)


def make_fit_facts(tasks=TASKS, labels=LABELS, outputs=OUTPUTS):
    test = {t.name: t.measure(labels[t.name], outputs[t.name]) for t in tasks}
    metrics = {
        "test": test,
        "train": test,
        "rows": {"train": 100, "test": ROWS},
        "members": 2,
        "epochs": [3, 2],
        "parameters": 12,
    }
    history = {
        f"{prefix}{task.name}_loss": np.array([[1.0, 1.2], [0.5, 0.6], [0.4, np.nan]])
        for task in tasks
        for prefix in ("", "val_")
    }
    names = tuple(task.name for task in tasks)
    layers = (NetworkLayer("Dense 8 relu", names, 12),)
    return FitFacts(
        "m", tasks, history, labels, outputs, metrics, "seed = 0\n", 3, layers
    )


def test_what_was_found_comes_first():
    report = fit_report(make_fit_facts())
    assert report.sections[0].title == "Alerts"
    titles = [alert.title for alert in report.sections[0].blocks]
    assert titles == [
        "Classes that are never predicted",
        "Training ended before it had converged",
    ]
    assert report.sections[0].blocks[0].values == {"classes": {"stage": ["III"]}}
    assert report.sections[0].blocks[1].values == {"members": 1, "epochs": 3}


def test_the_json_has_each_metric():
    facts = make_fit_facts()
    results = json.loads(report_json(fit_report(facts)))["sections"][1]
    for task in TASKS:
        shown = [
            cell
            for block in results["blocks"]
            for row in block["rows"]
            if row[0] == task.name
            for cell in row
        ]
        assert set(facts.metrics["test"][task.name].values()) <= set(shown)


def test_a_figure_is_under_the_task_that_it_is_about():
    tasks = (BinaryTask("a"), BinaryTask("a_b"))
    labels = dict.fromkeys(("a", "a_b"), LABELS["sick"])
    outputs = dict.fromkeys(("a", "a_b"), OUTPUTS["sick"])
    report = fit_report(make_fit_facts(tasks, labels, outputs))
    (section,) = [each for each in report.sections if each.title == "Tasks"]
    for inner in section.sections:
        assert len(inner.blocks) == 5
        for figure in inner.blocks:
            assert f" {inner.title} " in figure.caption
            assert all(key.endswith(f"{inner.title}_loss") for key in figure.values)


def test_rows_without_labels_have_a_report_too():
    labels = {name: np.full_like(values, np.nan) for name, values in LABELS.items()}
    assert fit_report(make_fit_facts(labels=labels)).sections


@pytest.mark.slow
def test_the_report_of_many_tasks_has_few_figures_and_takes_seconds():
    names = [f"t{index}" for index in range(500)]
    tasks = tuple(BinaryTask(name) for name in names)
    facts = make_fit_facts(
        tasks,
        dict.fromkeys(names, LABELS["sick"]),
        dict.fromkeys(names, OUTPUTS["sick"]),
    )
    start = time.monotonic()
    text = report_json(fit_report(facts))
    assert time.monotonic() - start < 10
    assert text.count('"kind": "figure"') == 3
