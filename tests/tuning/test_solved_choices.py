"""Which architectures without a network a search takes."""

import keras_tuner
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.configuration import build_config
from tests.tuning.test_search_space import draw
from tuning.search_settings import SearchSettings, check_searched_settings
from tuning.search_space import choose_settings
from tuning.solved_choices import check_resolved_choices, check_solved_choices

MIXED = SearchSettings(
    architecture={
        "name": ("hard-sharing", "group-sparse", "kernel"),
        "group-sparse": {"strength": (0.01, 0.1)},
    }
)
EMBEDDED = build_config({"inputs": {"numeric_embedding": "ple"}})


def test_a_list_of_names_is_short_for_a_table():
    short = SearchSettings(architecture=["hard-sharing", "kernel"])
    assert short == SearchSettings(architecture={"name": ("hard-sharing", "kernel")})


@given(st.integers(1, 10_000))
def test_embeddings_are_those_of_networks_alone(seed):
    drawn = draw(EMBEDDED, seed, MIXED)
    name = drawn.model.architecture.name
    solved = name != "hard-sharing"
    assert drawn.inputs.numeric_embedding == ("none" if solved else "ple")
    own = {"strength"} if name == "group-sparse" else set()
    assert {*drawn.model.architecture.settings} == own
    # Settings of networks do not count, and stay.
    changed = drawn.training.learning_rate != EMBEDDED.training.learning_rate
    assert changed != solved


def test_settings_of_networks_are_open_beside_networks_alone():
    hp = keras_tuner.HyperParameters()
    choose_settings(hp, EMBEDDED, MIXED)
    names = [parameter.name for parameter in hp.space]
    hp.values["architecture.name"] = "kernel"
    active = {each.name for each in hp.space if hp.is_active(each)}
    assert {"trunk_1", "learning_rate", "loss_weight.heart"} <= {*names} - active
    solved_alone = MIXED.replace(architecture=("group-sparse", "kernel"))
    hp = keras_tuner.HyperParameters()
    choose_settings(hp, EMBEDDED, solved_alone)
    assert [parameter.name for parameter in hp.space] == ["architecture.name"]


def test_encodings_are_something_to_vary():
    config = build_config({"model": {"architecture": "kernel"}})
    space = SearchSettings(numeric_encoding=("standard", "quantile"))
    assert check_solved_choices(space, config) == []
    embeddings = SearchSettings(numeric_embedding=("none", "ple"))
    assert len(check_solved_choices(embeddings, config)) == 1


@pytest.mark.parametrize(
    ("architecture", "space", "part"),
    [
        ("group-sparse", {}, "expected something to vary, as group-sparse is solved"),
        (
            "hard-sharing",
            {"name": ["kernel"]},
            "expected something to vary, as kernel is solved",
        ),
        (
            "group-sparse",
            {"strength": [0.1]},
            "expected something to vary, as group-sparse is solved",
        ),
    ],
)
def test_what_solved_architectures_cannot_do_is_refused(architecture, space, part):
    config = build_config({"model": {"architecture": architecture}})
    settings = SearchSettings(architecture=space)
    (message,) = check_solved_choices(settings, config)
    assert part in message
    assert check_solved_choices(MIXED, config) == []


@pytest.mark.parametrize(
    ("space", "part"),
    [
        ({"name": ["kernal", "mmoe"]}, "expected one of"),
        (
            {"name": ["mmoe", "kernel"], "kernel": {"strenght": [1]}},
            "search.architecture.kernel.strenght: unknown setting. Did you mean "
            "'strength'?",
        ),
    ],
)
def test_misspelt_choices_have_their_nearest_name(space, part):
    (message,) = check_searched_settings(
        SearchSettings(architecture=space), build_config()
    )
    assert part in message


def test_other_settings_that_an_architecture_cannot_have_are_refused():
    config = build_config({"training": {"coverage": 0.9}})
    for name, message in zip(
        ("group-sparse", "kernel"), check_solved_choices(MIXED, config), strict=True
    ):
        assert message.startswith(f"search.architecture.name: {name}: training.cover")


def test_classes_that_an_architecture_cannot_serve_are_told_once_known(prepared):
    config = prepared.config
    assert check_resolved_choices(MIXED, config, config.tasks) == []
    table = {"name": ("mmoe", "clustered"), "clustered": {"clusters": (2, 9)}}
    space = SearchSettings(architecture=table)
    unread = build_config(
        {"data": {"path": "a.csv"}, "tasks": [{"kind": "multiclass", "name": "thal"}]}
    )
    assert check_solved_choices(space, unread) == []
    for messages in (
        check_resolved_choices(space, config, config.tasks),
        check_solved_choices(space, config),
    ):
        (message,) = messages
        assert message.startswith("search.architecture.clustered.clusters: model.arch")


def test_settings_of_networks_have_no_meaning_where_there_is_none():
    space = SearchSettings(
        architecture=("group-sparse", "kernel"), dropout=(0.0, 0.5), batch_size=(8, 16)
    )
    errors = check_solved_choices(space, build_config())
    assert [error.split(":")[0] for error in errors] == [
        "search.dropout",
        "search.batch_size",
    ]
    assert "among group-sparse and kernel alone" in errors[0]
    beside = space.replace(architecture=("group-sparse", "hard-sharing"))
    assert check_solved_choices(beside, build_config()) == []
