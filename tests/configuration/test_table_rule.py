"""Tests of what a preset leaves to the table's size."""

import pytest

from keras_mtl.configuration.table_rule import (
    TableFacts,
    apply_rule,
    rule_sentence,
    table_settings,
    tries_settings,
)
from keras_mtl.configuration.validate import build_config, config_values
from keras_mtl.tasks import BinaryTask

TASK = {"data": {"path": "t.csv"}, "tasks": [{"kind": "binary", "name": "churn"}]}


def settings(config):
    """The settings that the rule may choose, by key."""
    found = {}
    for key in table_settings("default", TableFacts(rows=0)):
        section, name = key.split(".")
        found[key] = getattr(getattr(config, section), name)
    return found


@pytest.mark.parametrize("rows", [100, 5_000, 1_000_000])
def test_what_nobody_gave_is_chosen_by_the_rows(rows):
    config = apply_rule(build_config(TASK), rows)

    expected = table_settings("default", TableFacts(rows))
    assert settings(config) == expected
    assert config.tasks[0].widths == expected["heads.widths"]
    assert config.by_rule == ()
    # What is written down repeats the run: nothing is left to choose again.
    again = build_config(config_values(config))
    assert again == config


def test_what_is_given_stays():
    layer = {
        "training": {"epochs": 7},
        "model": {"trunk": [8]},
        "heads": {"widths": []},
    }
    given = build_config(TASK, layer)

    config = apply_rule(given, 1_000_000)

    assert (config.training.epochs, config.model.trunk) == (7, (8,))
    assert (config.heads.widths, config.tasks[0].widths) == ((), ())
    assert not {"training.epochs", "model.trunk", "heads.widths"} & {*given.by_rule}
    assert "epochs" not in rule_sentence(given, config, 1_000_000)


def test_a_tasks_own_widths_stay():
    task = {"kind": "binary", "name": "churn", "widths": [3]}
    config = apply_rule(build_config(TASK, {"tasks": [task]}), 1_000_000)

    assert config.tasks == (BinaryTask("churn", widths=(3,)),)


def test_settings_laid_on_unread_ones_leave_the_rest_open():
    first = build_config(TASK)
    second = build_config(config_values(first), {"training": {"members": 3}})

    assert {*first.by_rule} - {*second.by_rule} == {"training.members"}


def test_the_article_is_as_it_is_written():
    config = build_config(TASK, {"preset": "article"})

    assert apply_rule(config, 1_000_000) is config
    assert rule_sentence(config, config, 1_000_000) == ""


def test_quantities_are_learned_by_wider_networks():
    task = {"kind": "regression", "name": "price"}
    layer = {"data": {"path": "t.csv"}, "tasks": [task]}
    narrow = apply_rule(build_config(TASK), 500)
    wide = apply_rule(build_config(layer), 500)

    assert wide.model.trunk[0] > narrow.model.trunk[0]


def test_what_is_solved_for_gets_no_layer_before_its_weights():
    layer = {"model": {"architecture": "group-sparse"}}
    config = apply_rule(build_config(TASK, layer), 1_000_000)

    assert config.inputs.numeric_embedding == "none"


def test_best_tries_what_nobody_gave():
    open_ones = apply_rule(build_config(TASK, {"preset": "best"}), 500)
    given = {"model": {"trunk": [8], "architecture": "mmoe"}}
    closed = apply_rule(build_config(TASK, {"preset": "best"}, given), 500)

    assert open_ones.by_validation == (
        "model.architecture",
        "model.trunk",
        "training.weighting",
        "training.learning_rate",
    )
    assert closed.by_validation == ("training.weighting", "training.learning_rate")


@pytest.mark.parametrize("name", ["learning_rate", "epochs", "patience"])
def test_best_does_not_slow_a_training_that_somebody_set(name):
    given = {"preset": "best", "training": {name: 5}}
    assert (
        "training.learning_rate"
        not in apply_rule(build_config(TASK, given), 500).by_validation
    )


def test_nothing_is_tried_if_somebody_set_all_or_a_part_of_each():
    given = {
        "preset": "best",
        "model": {"architecture": "mmoe", "trunk": [8]},
        "training": {"weighting": "sum"},
    }
    assert tries_settings(build_config(TASK, given))
    given["training"]["epochs"] = 5
    assert not tries_settings(build_config(TASK, given))
