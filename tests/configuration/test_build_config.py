"""Settings of any shape end in a configuration or in messages."""

from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_mtl.configuration import (
    DataSettings,
    FitConfig,
    HeadSettings,
    InputSettings,
    ModelSettings,
    OutputSettings,
    build_config,
    config_values,
)
from keras_mtl.configuration.flag_values import nest_flags
from keras_mtl.errors import UserError, gather
from keras_mtl.features.kinds import FEATURE_KINDS
from keras_mtl.tasks.kinds import TASK_KINDS
from keras_mtl.training.settings import TrainingSettings

SECTIONS = {
    "data": DataSettings,
    "inputs": InputSettings,
    "model": ModelSettings,
    "heads": HeadSettings,
    "training": TrainingSettings,
    "output": OutputSettings,
}
plain = st.one_of(
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=5),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.sampled_from(["default", "article", "binary", "a.csv", "relu", "> 0"]),
)
anything = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def tables(kinds):
    names = sorted({field.name for kind in kinds.values() for field in fields(kind)})
    values = anything | st.sampled_from([*kinds, "a", "b", ["a", "b"], "x"])
    keys = st.sampled_from([*names, "kind"])
    table = st.dictionaries(keys, values, max_size=5)
    return anything | st.lists(anything | table, max_size=3)


def section(kind):
    names = st.sampled_from([field.name for field in fields(kind)])
    return anything | st.dictionaries(names, anything, max_size=4)


layers = st.fixed_dictionaries(
    {},
    optional={name: section(kind) for name, kind in SECTIONS.items()}
    | {"tasks": tables(TASK_KINDS), "features": tables(FEATURE_KINDS)}
    | dict.fromkeys(["preset", "seed", "unknown"], anything),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(layers, layers)
def test_any_values_end_in_settings_or_in_messages(file, top):
    errors, config = [], None
    with gather(errors):
        config = build_config(file, top)
    assert isinstance(config, FitConfig) != bool(errors)
    assert all(0 < len(message) < 2000 for message in errors)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(
    layers,
    st.lists(st.text(max_size=9) | st.just("a:binary"), max_size=3),
    st.dictionaries(st.sampled_from(["a", "thal"]), st.text(max_size=5)),
)
def test_any_flags_on_any_file_end_in_settings_or_in_messages(file, tasks, heads):
    errors = []
    values = {"tasks": tasks, "head_widths": heads, "loss_weights": heads}
    flags = nest_flags(values, file, errors)
    config = None
    with gather(errors):
        config = build_config(file, flags)
    assert config is not None or errors


@pytest.mark.parametrize("preset", ["default", "article"])
def test_written_settings_make_the_same_settings(preset):
    config = build_config({"preset": preset, "training": {"epochs": 7}, "seed": 3})
    values = config_values(config)
    assert build_config(values) == config
    assert values["training"]["epochs"] == 7


def test_the_embedded_data_gives_thal_and_heart():
    config = build_config()
    assert [task.name for task in config.tasks] == ["thal", "heart"]
    assert len(config.inputs.columns) == 12
    assert config.inputs.missing_values == {"trestbps": (0,), "chol": (0,)}


def test_a_feature_that_is_a_label_now_is_no_feature():
    task = {"kind": "multilabel", "name": "findings", "labels": ["exang", "fbs"]}
    config = build_config({"tasks": [task]})
    assert not {"exang", "fbs"} & set(config.inputs.columns)


def test_later_layers_win_and_lists_are_replaced_whole():
    config = build_config(
        {"model": {"trunk": [8, 8], "dropout": 0.1}, "seed": 1},
        {"model": {"trunk": ["4"]}},
    )
    assert config.model.trunk == (4,)
    assert config.model.dropout == 0.1
    assert config.seed == 1


def test_heads_fill_what_tasks_leave_open():
    tasks = [
        {"kind": "binary", "name": "a"},
        {"kind": "binary", "name": "b", "widths": []},
        {"kind": "regression", "name": "c"},
    ]
    config = build_config(
        {
            "data": {"path": "a.csv"},
            "heads": {"widths": [5], "label_smoothing": 0.1},
            "tasks": tasks,
        }
    )
    assert [task.widths for task in config.tasks] == [(5,), (), (5,)]
    assert config.tasks[0].label_smoothing == 0.1


def messages_of(*layers):
    with pytest.raises(UserError) as error:
        build_config(*layers)
    return error.value.messages


def test_scales_of_numbers_hold_for_regressions_that_name_none():
    config = build_config(
        {
            "heads": {"transform": "log", "clip": True},
            "tasks": [
                {"kind": "regression", "name": "price"},
                {"kind": "regression", "name": "profit", "transform": "none"},
                {"kind": "binary", "name": "sold"},
            ],
        }
    )
    scales = [(task.transform, task.clip) for task in config.tasks[:2]]
    assert scales == [("log", True), ("none", True)]
    assert build_config(config_values(config)) == config


def test_all_mistakes_are_told_at_once_with_the_nearest_name():
    messages = messages_of(
        {
            "seed": -1,
            "trainig": {},
            "model": {"dropot": 0.1, "trunk": [0], "activation": "rellu"},
            "training": {"epochs": "many", "batch_size": 1.5},
            "tasks": [
                {"kind": "binry", "name": "a"},
                {"kind": "binary", "name": "b c"},
                {"kind": "binary", "name": "d", "columm": "x"},
            ],
        }
    )
    text = "\n".join(messages)
    assert len(messages) == 10
    for part in (
        "seed: expected greater than or equal to 0; received -1.",
        "trainig: unknown setting. Did you mean 'training'?",
        "model.dropot: unknown setting. Did you mean 'dropout'?",
        "model.trunk.0: expected greater than 0; received 0.",
        "model.activation: expected",
        "training.epochs: expected",
        "training.batch_size: expected",
        "tasks[a]: expected a task's kind among binary,",
        "Did you mean 'binary'?",
        "tasks[b c].name: expected letters, digits and _",
        "tasks[d].columm: unknown setting. Did you mean 'column'?",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"data": {"path": "a.csv"}}, "expected at least one task"),
        ({"tasks": []}, "expected at least one task"),
        ({"tasks": {}}, "[[tasks]] in TOML"),
        (
            {"preset": "artcle"},
            "preset: expected 'default', 'fast', 'best' or 'article'",
        ),
        ({"preset": "article", "training": {"patience": 3}}, "validation_fraction"),
        (
            {
                "features": [
                    {"kind": "numeric", "name": "a"},
                    {"kind": "boolean", "name": "A", "column": "b"},
                ]
            },
            "differ by more than their case",
        ),
        ({"output": {"overwrite": "perhaps"}}, "output.overwrite: expected"),
        ({"report": {"importance_repeats": -1}}, "report.importance_repeats: expected"),
        ({"training": {"learning_rate": float("nan")}}, "training.learning_rate"),
        ({"seed": 1 << 100_000}, "received a number of thousands of digits"),
    ],
)
def test_a_single_mistake_is_a_single_message(values, part):
    (message,) = messages_of(values)
    assert part in message


def test_no_embedding_stands_before_weights_that_are_solved_for():
    values = {
        "model": {"architecture": "low-rank", "input_scaling": True},
        "inputs": {"numeric_embedding": "ple"},
        "features": [{"kind": "numeric", "name": "age", "embedding": "pbld"}],
    }
    features, inputs, model = messages_of(values)
    assert "model.input_scaling: expected false" in model
    assert "expected 'age' without an embedding" in features
    assert "inputs.numeric_embedding: expected 'none'" in inputs
    assert build_config({**values, "model": {}}).inputs.numeric_embedding == "ple"
