"""What a draw from the search space promises."""

import keras_tuner
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl._core.messages import validation_messages
from keras_mtl.configuration import build_config
from tuning.search_settings import SearchSettings, check_searched_settings
from tuning.search_space import choose_settings
from tuning.trials import settings_row

SPACE = SearchSettings()


def draw(config, seed, space=SPACE):
    """Draws as a random search does."""
    hp = keras_tuner.HyperParameters()
    choose_settings(hp, config, space)
    for number, parameter in enumerate(hp.space):
        hp.values[parameter.name] = parameter.random_sample(seed + number)
    return choose_settings(hp, config, space)


@given(st.integers(1, 10_000))
def test_a_draw_lies_in_the_space_and_leaves_the_rest(seed):
    config = build_config({"model": {"trunk": [5, 6, 7]}})
    drawn = draw(config, seed)
    assert len(drawn.model.trunk) == 3
    assert {*drawn.model.trunk} <= {*SPACE.trunk_widths}
    low, high = SPACE.learning_rate
    assert low <= drawn.training.learning_rate <= high
    for before, after in zip(config.tasks, drawn.tasks, strict=True):
        assert len(after.widths) == len(before.widths)
        assert {*after.widths} <= {*SPACE.head_widths}
        assert after.replace(widths=before.widths, loss_weight=1.0) == before
    low, high = SPACE.loss_weight
    assert drawn.tasks[0].loss_weight == 1.0
    assert low <= drawn.tasks[1].loss_weight <= high
    assert drawn.replace(
        model=config.model, training=config.training, tasks=config.tasks
    ) == config.replace(model=config.model)
    assert drawn.training.replace(learning_rate=1.0) == config.training.replace(
        learning_rate=1.0
    )


def test_the_same_draw_makes_the_same_settings():
    config = build_config()
    assert draw(config, 3) == draw(config, 3)
    assert draw(config, 3) != draw(config, 4)


def test_loss_weights_vary_around_the_declared_ones_and_zero_stays():
    config = build_config()
    first, second = config.tasks
    tasks = (first.replace(loss_weight=10.0), second.replace(loss_weight=100.0))
    drawn = draw(config.replace(tasks=tasks), 5)
    assert drawn.tasks[0].loss_weight == 10.0
    assert 20.0 <= drawn.tasks[1].loss_weight <= 500.0
    tasks = (first, second.replace(loss_weight=0.0))
    assert draw(config.replace(tasks=tasks), 5).tasks[1].loss_weight == 0.0


def test_a_single_task_has_no_loss_weight_to_search():
    config = build_config()
    hp = keras_tuner.HyperParameters()
    choose_settings(hp, config.replace(tasks=config.tasks[:1]), SPACE)
    assert [item.name for item in hp.space] == [
        "trunk_1",
        "trunk_2",
        "head.thal_1",
        "learning_rate",
    ]


def test_numbers_are_as_short_as_they_are_written():
    rate = draw(build_config(), 9).training.learning_rate
    assert rate == float(f"{rate:.3g}")


@pytest.mark.parametrize(
    "values",
    [
        {"trials": 0},
        {"trunk_widths": []},
        {"head_widths": [0]},
        {"learning_rate": [0.1, 0.01]},
        {"learning_rate": [0.0, 0.1]},
        {"loss_weight": [1.0]},
    ],
)
def test_a_space_that_can_not_be_drawn_from_is_refused(values):
    from keras_mtl.errors import UserError
    from tuning.search_settings import build_search_settings

    with pytest.raises(UserError, match=f"^search.{next(iter(values))}"):
        build_search_settings(values)


def test_settings_of_the_weighting_are_drawn_from_their_choices():
    config = build_config(
        {"training": {"weighting": {"name": "cagrad", "scale": "paper"}}}
    )
    space = SearchSettings(weighting={"c": (0, 0.4, 0.8)})
    drawn = [draw(config, seed, space).training.weighting for seed in range(20)]
    assert {chosen.name for chosen in drawn} == {"cagrad"}
    assert {chosen.settings["c"] for chosen in drawn} == {0.0, 0.4, 0.8}
    assert {chosen.settings["scale"] for chosen in drawn} == {"paper"}
    row = settings_row(draw(config, 1, space))
    assert set(row) >= {"weighting.c", "weighting.scale"}


def test_settings_that_are_not_searched_stay():
    config = build_config({"training": {"weighting": "dwa:temperature=3"}})
    assert draw(config, 1).training.weighting == config.training.weighting
    assert draw(config, 1).model.architecture == config.model.architecture


@pytest.mark.parametrize(
    ("space", "part"),
    [
        (
            {"weighting": {"c": [0.4, -1]}},
            "search.weighting.c: expected greater than or equal to 0; received -1",
        ),
        (
            {"weighting": {"cc": [0.4]}},
            "search.weighting.cc: unknown setting. Did you mean 'c'?",
        ),
        (
            {"architecture": {"depth": [2]}},
            "search.architecture.depth: unknown setting. Known here: skip.",
        ),
    ],
)
def test_choices_that_cannot_be_are_told_before_the_search(space, part):
    config = build_config({"training": {"weighting": "cagrad"}})
    (message,) = check_searched_settings(SearchSettings(**space), config)
    assert part in message


WHOLE = SearchSettings(
    trunk_depth=(1, 3),
    activation=("relu", "tanh"),
    dropout=(0.1, 0.4),
    weight_decay=(0, 0.1),
    batch_size=(16, 64),
    weighting={"name": ("sum", "cagrad"), "cagrad": {"c": (0.2, 0.6)}},
    architecture={"name": ("hard-sharing", "mmoe"), "mmoe": {"experts": (2, 3)}},
)


def _sample(seed):
    """Draws as keras-tuner does: the active choices alone, in their order."""
    hp = keras_tuner.HyperParameters()
    choose_settings(hp, build_config(), WHOLE)
    names = [parameter.name for parameter in hp.space]
    values = keras_tuner.HyperParameters()
    for number, parameter in enumerate(hp.space):
        values.merge([parameter])
        if values.is_active(parameter):
            values.values[parameter.name] = parameter.random_sample(seed + number)
    return names, choose_settings(values, build_config(), WHOLE)


@given(st.integers(1, 10_000))
def test_conditional_settings_are_there_beside_their_choice_alone(seed):
    names, drawn = _sample(seed)
    assert {"trunk_3", "weighting.cagrad.c", "architecture.mmoe.experts"} <= {*names}
    assert len(drawn.model.trunk) in (1, 3)
    assert 0.1 <= drawn.model.dropout <= 0.4
    assert 0 <= drawn.training.weight_decay <= 0.1
    assert drawn.training.batch_size in (16, 64)
    for chosen, own in (
        (drawn.training.weighting, {"cagrad": {"c"}}),
        (drawn.model.architecture, {"mmoe": {"experts"}}),
    ):
        assert {*chosen.settings} == own.get(chosen.name, set())


@pytest.mark.parametrize(
    ("space", "part"),
    [
        (
            {"weighting": {"name": ["sum", "cagrat"]}},
            "search.weighting.name: expected one of",
        ),
        (
            {"weighting": {"name": ["sum"], "cagrad": {"c": [0.4]}}},
            "search.weighting.cagrad: expected settings of one of those that are",
        ),
        (
            {"weighting": {"name": ["sum", "cagrad"], "cagrad": {"cc": [0.4]}}},
            "search.weighting.cagrad.cc: unknown setting. Did you mean 'c'?",
        ),
    ],
)
def test_names_that_are_not_there_are_told_before_the_search(space, part):
    (message,) = check_searched_settings(SearchSettings(**space), build_config())
    assert part in message


def test_a_table_among_names_is_told_with_the_way_to_write_it():
    with pytest.raises(ValueError, match="names, such as") as caught:
        SearchSettings(weighting=[{"name": "cagrad", "c": 0.4}, "sum"])
    (message,) = validation_messages(caught.value, SearchSettings, "search.")
    assert message.startswith("search.weighting: expected names, such as")
    assert "cagrad.c = [0.2, 0.6]" in message
