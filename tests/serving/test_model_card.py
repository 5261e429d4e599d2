"""A card says first what a reader must know, and names stay text."""

import numpy as np

from keras_mtl.serving.model_card import model_card

METADATA = {
    "name": "m",
    "created": "2026-01-01",
    "versions": {"keras": "3"},
    "tasks": [{"name": "sick", "kind": "binary", "columns": ["ill"]}],
    "features": [],
    "signatures": {},
}
REPORT = {
    "alerts": [
        {"level": "warning", "title": "Copies", "text": "3 of 9 rows."},
        {"level": "note", "title": "Few | epochs", "text": "<b>2</b>\nof 2."},
    ],
    "results": [
        {
            "task": "sick",
            "rows": 40,
            "metric": "AUC",
            "value": 0.91234,
            "low": 0.8,
            "high": 0.95678,
        },
        {
            "task": "few",
            "rows": 1,
            "metric": "R²",
            "value": None,
            "low": None,
            "high": None,
        },
    ],
    "importance": {"sick": {"dose": 0.25, "a|b": 0.125}},
}


def card(**details):
    return model_card({**METADATA, "details": details})


def test_alerts_come_before_what_the_model_predicts():
    lines = card(report=REPORT).splitlines()
    assert lines.index("## Alerts") < lines.index("## What it predicts")
    assert "- **Warning: Copies.** 3 of 9 rows." in lines
    assert "- **Note: Few \\| epochs.** &lt;b>2&lt;/b> of 2." in lines


def test_results_have_their_intervals():
    text = card(report=REPORT)
    assert "| sick | 40 | AUC | 0.9123 | 0.8 to 0.9568 |" in text
    assert "| few | 1 | R² |  |  |" in text
    assert "| sick | dose (0.25), a\\|b (0.125) |" in text


def test_a_run_without_alerts_says_so_and_one_without_a_report_says_nothing():
    assert "The run has no alerts." in card(report={"alerts": []})
    text = card(metrics={"test": {"sick": {"auc": np.float64(0.5), "rows": 4}}})
    assert "## Alerts" not in text
    assert "| test | sick | auc | 0.5 |" in text


def test_columns_of_many_words_say_how_many():
    city = {"name": "city", "column": "city", "dtype": "string", "missing": [""]}
    words = [f"w{number}" for number in range(350)]
    street = {**city, "name": "street", "buckets": 64}
    features = [{**city, "vocabulary": words}, street]
    card = model_card({**METADATA, "features": features, "details": {}})
    assert "w99, ... (350 in all)" in card
    assert "w100" not in card
    assert "any word" in card
