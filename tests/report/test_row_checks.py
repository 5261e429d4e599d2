"""Alerts about rows: each is given where its cause is, and only there."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from keras_mtl.report import RowSample, data_alerts
from keras_mtl.tasks import BinaryTask, RegressionTask

GENERATOR = np.random.default_rng(0)
TASKS = (BinaryTask("sick", classes=("no", "yes")), RegressionTask("cost"))
COPIES = "Test rows that are copies of training rows"
LEAK = "Columns that reveal a label"
MISSING = "Labels that are not missing at random"
DRIFT = "Test rows have another distribution than training rows"


def _frame(rows):
    return pd.DataFrame(
        {
            "dose": GENERATOR.normal(size=rows),
            "age": GENERATOR.normal(50, 10, rows),
            "site": GENERATOR.choice(["a", "b", None], rows),
        }
    )


def _sample(train=600, test=200):
    labels = {
        "sick": GENERATOR.integers(0, 2, train).astype("float32"),
        "cost": GENERATOR.normal(size=train).astype("float32"),
    }
    return RowSample(_frame(train), _frame(test), labels)


def _titles(sample):
    return [alert.title for alert in data_alerts(sample, TASKS)]


@pytest.mark.parametrize("rows", [(600, 200), (5, 3), (30, 0)])
def test_rows_without_faults_have_no_alerts(rows):
    assert _titles(_sample(*rows)) == []


def test_copies_are_counted():
    sample = _sample()
    sample.test.iloc[:7] = sample.train.iloc[10:17].to_numpy()
    (alert,) = data_alerts(sample, TASKS)
    assert alert.title == COPIES
    assert alert.values["copies"] == 7


@pytest.mark.parametrize("words", [False, True])
def test_a_column_that_is_the_label_is_found(words):
    sample = _sample()
    sick = sample.labels["sick"]
    sample.train["leak"] = np.where(sick > 0, "ill", "well") if words else 3 - 2 * sick
    sample.test["leak"] = sample.train["leak"][:200].to_numpy()
    (alert,) = data_alerts(sample, TASKS)
    assert alert.title == LEAK
    assert [(e["column"], e["task"]) for e in alert.values["columns"]] == [
        ("leak", "sick")
    ]


def test_a_number_that_gives_a_number_away_is_found():
    sample = _sample(4000)
    sample.train["dose"] = np.exp(sample.labels["cost"])
    found = {alert.title: alert for alert in data_alerts(sample, TASKS)}
    assert found[LEAK].values["columns"][0]["metric"] == "R2"


def test_labels_that_are_missing_by_a_feature_are_found():
    sample = _sample()
    sample.labels["cost"][sample.train["age"] > 55] = np.nan
    (alert,) = data_alerts(sample, TASKS)
    assert alert.title == MISSING
    assert [(e["task"], e["column"]) for e in alert.values["pairs"]] == [
        ("cost", "age")
    ]
    # At random, nothing is found.
    sample = _sample()
    sample.labels["cost"][::3] = np.nan
    assert _titles(sample) == []


def test_drift_is_found_in_numbers_and_words():
    sample = _sample()
    sample.test["age"] += 10
    sample.test["site"] = GENERATOR.choice(["a", "c"], len(sample.test))
    (alert,) = data_alerts(sample, TASKS)
    assert alert.title == DRIFT
    assert {each["column"] for each in alert.values["columns"]} == {"age", "site"}


def test_numbers_that_may_mean_missing_are_named_with_the_flag():
    sample = replace(_sample(), missing_codes=[("age", -9.0, 41)])
    (alert,) = data_alerts(sample, TASKS)
    assert alert.title == "Numbers that may mean a missing value"
    assert "-9 in age (41 rows)" in alert.text
    assert "--missing=-9" in alert.text
    assert alert.values["codes"] == [{"column": "age", "number": -9.0, "rows": 41}]
