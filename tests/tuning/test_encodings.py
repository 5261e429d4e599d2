"""Trials that encode the features otherwise."""

import keras_tuner
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_mtl.configuration import build_config, config_values
from keras_mtl.errors import UserError
from keras_mtl.runs import prepare_data
from tests.tuning.conftest import SPACE
from tests.tuning.test_search_space import draw
from tuning.search_settings import SearchSettings, build_search_settings
from tuning.search_space import choose_settings
from tuning.trial_program import measure_trials
from tuning.trials import settings_row

pytestmark = pytest.mark.xdist_group("searches")

CHOICES = {
    "encoding": ("one_hot", "ordinal"),
    "numeric_encoding": ("standard", "robust", "quantile"),
    "numeric_embedding": ("none", "ple", "pbld"),
    "missing_flags": (True, False),
    "maximum_levels": (0, 10),
}
WHOLE = SPACE.replace(architecture=("hard-sharing", "kernel"), **CHOICES)


@given(st.integers(1, 10_000))
def test_the_features_of_a_trial_are_those_of_its_settings(prepared, seed):
    drawn = draw(prepared.config, seed, WHOLE)
    row = settings_row(drawn)
    for name, choices in CHOICES.items():
        assert getattr(drawn.inputs, name) in choices
        assert row[name] in (getattr(drawn.inputs, name), None)
    numbers = [each for each in drawn.features if each.kind == "numeric"]
    assert {each.encoding for each in numbers} == {drawn.inputs.numeric_encoding}
    assert {each.embedding for each in numbers} == {drawn.inputs.numeric_embedding}
    assert {each.missing_flag for each in drawn.features} == {
        drawn.inputs.missing_flags
    }
    # What means missing is known from the data, and stays.
    for before, after in zip(prepared.features, drawn.features, strict=True):
        assert after.missing_numbers == before.missing_numbers
    if drawn.model.architecture.name == "kernel":
        assert drawn.inputs.numeric_embedding == "none"
        assert row["numeric_embedding"] is None


def test_the_settings_of_a_trial_fit_alone(prepared):
    drawn = draw(prepared.config, 5, WHOLE)
    assert drawn.features != prepared.features
    again = prepare_data(build_config(config_values(drawn)))
    assert again.features == drawn.features


def test_a_feature_that_declares_its_own_encoding_keeps_it(prepared):
    first, *others = (each for each in prepared.features if each.kind == "numeric")
    features = (first.replace(encoding="robust"), *others)
    config = prepared.config.replace(features=features)
    space = SearchSettings(numeric_encoding=("quantile",))
    found = [each.encoding for each in draw(config, 1, space).features]
    assert found == ["robust", *["quantile"] * len(others)]


def test_misspelt_encodings_are_told_at_once():
    values = {"numeric_encoding": ["standart"], "numeric_embedding": ["plee"]}
    with pytest.raises(UserError) as caught:
        build_search_settings(values)
    assert len(caught.value.messages) == 2


@pytest.mark.slow
def test_trials_of_other_encodings_are_measured(prepared, data, trials):
    before = trials[0]
    found = []
    for changes in (
        {"numeric_encoding": ("quantile",)},
        {"numeric_embedding": ("ple",)},
    ):
        hp = keras_tuner.HyperParameters()
        hp.values = dict(before.values)
        config = choose_settings(hp, prepared.config, SPACE.replace(**changes))
        found += measure_trials([config], data, prepared.config.tasks)
    scaled, embedded = found
    assert not scaled.message
    assert not embedded.message
    assert scaled.parameters == before.parameters < embedded.parameters
    losses = {each.folds[0]["val_loss"] for each in (before, scaled, embedded)}
    assert len(losses) == 3
