"""The report of an evaluation: alerts first, and the numbers that were judged."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from keras_mtl.report import evaluation_report, render_page, report_json
from keras_mtl.report.evaluation_checks import evaluation_alerts
from keras_mtl.tasks import BinaryTask

from .evaluation_facts import TASKS, make_facts, make_rows


@cache
def made():
    facts = make_facts()
    return facts, evaluation_report(facts)


def section(report, title):
    (found,) = [each for each in report.sections if each.title == title]
    return found


def tables(section):
    return [block for block in section.blocks if block.kind == "table"]


def alerts(**changes):
    return {alert.title: alert for alert in evaluation_alerts(make_facts(**changes))}


def test_sections_are_in_the_order_in_which_they_matter():
    _, report = made()
    assert [each.title for each in report.sections] == [
        "Alerts",
        "Does sharing help?",
        "Models",
        "The multi-task network beside each other model",
        "Predictions",
        "Results by group of rows",
        "Importance of features",
        "Predictions by feature",
        "Fits",
        "Data, versions and configuration",
    ]


def test_a_hurt_task_comes_first():
    _, report = made()
    first = report.sections[0].blocks[0]
    assert (first.title, first.level) == ("Sharing hurts cost", "warning")
    assert first.values["high"] < 0
    assert "sick" not in first.text


def test_each_alert_has_its_evidence():
    found = alerts(
        copies=7,
        failures=["linear, repeat 1, fold 2: the loss is not finite."],
    )
    assert found["Classes that are never predicted"].values == {
        "classes": {"stage": ["III"]}
    }
    copies = found["Held-out rows that are copies of training rows"]
    assert copies.values == {"copies": 7, "rows": 240}
    assert "fold 2" in found["Fits that failed"].text
    # The dose decides the stage and the cost.
    leaks = found["Columns that reveal a label"].values["columns"]
    assert {(each["column"], each["task"]) for each in leaks} == {
        ("dose", "stage"),
        ("dose", "cost"),
    }


def test_badly_calibrated_probabilities_are_an_alert_and_good_ones_are_not():
    (sick,) = [task for task in TASKS if task.name == "sick"]
    title = "Probabilities that are not calibrated"
    assert title not in alerts(tasks=(sick,))
    facts = make_facts(tasks=(sick,))
    wrong = [
        {**each, "value": 0.2, "bias": 0.05, "p_value": 0.002}
        for each in facts.calibration
    ]
    found = alerts(tasks=(sick,), calibration=wrong)[title]
    assert [each["model"] for each in found.values["tasks"]] == ["multi-task"]
    # Another model's probabilities are no alert about the multi-task network.
    others = [each for each in wrong if each["model"] != "multi-task"]
    assert title not in alerts(tasks=(sick,), calibration=others)


def test_labels_missing_by_a_column_are_an_alert():
    frame, labels = make_rows()
    labels["cost"] = np.where(frame["site"] == "east", np.nan, labels["cost"])
    found = alerts(row_labels=labels)["Labels that are not missing at random"]
    assert [(p["task"], p["column"]) for p in found.values["pairs"]] == [
        ("cost", "site")
    ]


def test_verdicts_are_the_sentences_of_the_judgement():
    facts, report = made()
    texts = [b.text for b in report.sections[1].blocks if b.kind == "paragraph"]
    judged = facts.judgements["single-task"]
    assert texts[:3] == [task.verdict.sentence for task in judged.tasks]
    assert texts[3].startswith("Over all tasks, sharing gains")
    (needed,) = tables(report.sections[1])
    rows = {row[0]: row for row in needed.rows}
    for task in judged.tasks:
        assert rows[task.task][4] == round(task.rows_needed.rows)


def test_the_table_of_models_has_means_and_spreads_over_folds():
    facts, report = made()
    own = facts.metrics
    own = own[(own["model"] == "linear") & (own["task"] == "sick")]
    auc = own[own["metric"] == "auc"]["value"]
    table = tables(section(report, "Models"))[0]
    assert table.columns[:2] == ("model", "AUC")
    (row,) = [row for row in table.rows if row[0] == "a line"]
    assert row[1] == f"{auc.mean():.4f} ± {auc.std():.4f}"


def test_failed_folds_are_counted_where_the_model_is_shown():
    facts, _ = made()
    table = facts.metrics.copy()
    table.loc[(table["model"] == "linear") & (table["fold"] == 1), "value"] = np.nan
    report = evaluation_report(make_facts(metrics=table))
    for each in tables(section(report, "Models")):
        (row,) = [row for row in each.rows if row[0] == "a line"]
        assert all(cell.endswith("(1 failed)") for cell in row[1:])


def test_gains_and_probabilities_are_those_of_the_judgements():
    facts, report = made()
    found = section(report, "The multi-task network beside each other model")
    (table,) = tables(found)
    assert len(table.rows) == 6
    for row in table.rows:
        model = {title: name for name, title in facts.models.items()}[row[1]]
        judged = {t.task: t.difference for t in facts.judgements[model].tasks}[row[0]]
        assert row[3:9] == (
            *(judged.mean, judged.low, judged.high),
            *(judged.hurts, judged.no_difference, judged.helps),
        )
    # One forest plot per task.
    assert sum(block.kind == "figure" for block in found.blocks) == 3


def test_predictions_have_the_plots_of_each_kind():
    _, report = made()
    drawn = {
        inner.title: [block.caption.split(" of ")[0] for block in inner.blocks]
        for inner in section(report, "Predictions").sections
    }
    classes = ["ROC curve", "Precision by recall", "Confusion", "Reliability"]
    # A reliability curve comes once, with its intervals.
    assert drawn == {
        "sick": classes,
        "stage": classes,
        "cost": ["Predicted values against labels"],
    }


def test_the_most_important_feature_comes_first():
    _, report = made()
    (table,) = tables(section(report, "Importance of features"))
    assert table.rows[0][0] == "dose"
    assert table.columns[0] == "feature"
    assert len(table.columns) == 4
    captions = [b.caption for b in section(report, "Predictions by feature").blocks[1:]]
    assert all("on dose" in caption for caption in captions)
    assert len(captions) == 3


def test_the_json_has_the_numbers_of_the_evaluation():
    facts, report = made()
    read = json.loads(report_json(report))
    assert read["values"] == {"verdicts": ["one"]}
    text = json.dumps(read["sections"])
    assert "sha256" in text
    assert "<svg" not in text
    first = facts.judgements["linear"].tasks[0].difference.mean
    assert str(first) in text


def test_one_task_has_its_sentence_and_no_gain_over_tasks():
    facts = make_facts(tasks=TASKS[:1])
    only = {"linear": facts.judgements["linear"]}
    sentence = "There is one task, sick: nothing is shared."
    facts = replace(facts, alone=None, judgements=only, verdicts=[sentence])
    blocks = evaluation_report(facts).sections[1].blocks
    assert [block.text for block in blocks] == [sentence]


def test_an_evaluation_whose_fits_all_failed_has_a_page_too():
    facts, _ = made()
    table = facts.metrics.assign(value=np.nan)
    nothing = {name: values[:0] for name, values in facts.labels.items()}
    outputs = {name: values[:0] for name, values in facts.outputs.items()}
    text = render_page(
        evaluation_report(
            make_facts(
                metrics=table,
                labels=nothing,
                outputs=outputs,
                calibration=(),
                subgroups={},
                importance=(),
                dependence=(),
                failures=["multi-task, repeat 1, fold 1: the loss is not finite."],
            )
        )
    )
    assert "Fits that failed" in text
    assert "nan" not in text.split("<main>")[1]


def test_names_with_markup_are_text_in_every_section():
    name = "<script>alert(1)</script>"
    task = BinaryTask("sick", classes=("no", name))
    frame, _ = make_rows()
    facts = make_facts(tasks=(task,))
    named = [replace(each, feature=name) for each in facts.importance]
    text = render_page(
        evaluation_report(
            make_facts(
                tasks=(task,),
                importance=named[:1],
                rows=frame.rename(columns={"dose": name}),
                subgroups={name: facts.subgroups["site"]},
                failures=[name],
            )
        )
    )
    assert "<script" not in text
    assert "alert(1)&lt;/script&gt;" in text


@pytest.mark.slow
def test_many_tasks_have_tables_and_few_figures():
    facts = make_facts(tasks=TASKS[:1])
    names = [f"t{index}" for index in range(21)]
    many = replace(
        facts,
        tasks=tuple(BinaryTask(name, classes=("no", "yes")) for name in names),
        metrics=pd.concat([facts.metrics.assign(task=name) for name in names]),
        labels=dict.fromkeys(names, facts.labels["sick"]),
        outputs=dict.fromkeys(names, facts.outputs["sick"]),
        row_labels=dict.fromkeys(names, facts.labels["sick"]),
        judgements={},
        calibration=(),
        subgroups={},
        importance=(),
    )
    report = evaluation_report(many)
    assert len(tables(section(report, "Models"))) == 21
    assert len(section(report, "Predictions").sections) == 20
