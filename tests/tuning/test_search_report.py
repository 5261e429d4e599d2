"""What the report of a search shows."""

import json

import numpy as np

from keras_mtl.configuration import build_config
from keras_mtl.report import render_page, report_json
from tuning.objective import Objective
from tuning.search_report import search_report
from tuning.search_settings import SearchSettings
from tuning.setting_importance import setting_importance
from tuning.trials import Trial

A, B = Objective("val_a", "max"), Objective("val_b", "max")


def _trials():
    """Trials whose result depends on the batch size alone."""
    generator = np.random.default_rng(0)
    trials = []
    for number in range(1, 25):
        size = int(generator.choice([8, 16, 32]))
        rate = float(generator.uniform(0.001, 0.01))
        config = build_config({"training": {"batch_size": size, "learning_rate": rate}})
        value = size / 100 + generator.normal() * 0.01
        folds = ({"val_a": value, "val_b": -value},) * 2
        trials.append(Trial(number, config, folds, (1, 1)))
    return [*trials, Trial(25, config, message="a loss <broke>")]


def test_a_setting_that_matters_explains_the_differences():
    shares = setting_importance(_trials(), A)
    assert next(iter(shares)) == "batch_size"
    assert shares["batch_size"] > 0.9
    assert shares["learning_rate"] < 0.3


def test_the_page_shows_front_importance_settings_and_reasons():
    report = search_report("net", _trials(), [A, B], SearchSettings(), "[model]\n")
    page = render_page(report)
    for part in (
        "Result over trials",
        "Pareto front",
        "Importance of each setting for val_b",
        "All settings",
        "a loss &lt;broke&gt;",
        "partly luck",
    ):
        assert part in page
    assert page.count("<svg") == 5
    json.loads(report_json(report))


def test_a_search_that_ends_early_has_a_page_too():
    for trials in (_trials()[:1], _trials()[-1:]):
        report = search_report("net", trials, [A], SearchSettings(), "")
        assert "Search of net" in render_page(report)
