"""Architectures are chosen by name, with checked settings."""

from typing import Annotated

import pytest
from pydantic import Field

import keras_mtl as km
from keras_mtl.architectures import ARCHITECTURES, build_architecture
from keras_mtl.configuration import build_config
from keras_mtl.errors import UserError
from keras_mtl.runs.train import build_core

TASKS = (km.BinaryTask("heart"), km.RegressionTask("age"))


@km.declaration
class DeepSettings(km.ArchitectureSettings):
    depth: Annotated[int, Field(ge=1)] = 2


@pytest.fixture
def deep():
    @km.register_architecture("deep", settings=DeepSettings)
    def build_deep(width, tasks, settings):
        trunk = settings.trunk[:1] * settings.depth
        return km.build_hard_sharing(width, tasks, trunk, dropout=settings.dropout)


def test_hard_sharing_takes_all_common_settings():
    common = km.ArchitectureSettings(
        trunk=(8,), activation="tanh", dropout=0.1, input_dropout=0.2, batch_norm=True
    )
    model = build_architecture("hard-sharing", 5, TASKS, common)
    same = km.build_hard_sharing(
        5, TASKS, (8,), "tanh", dropout=0.1, batch_norm=True, input_dropout=0.2
    )
    assert [type(layer) for layer in model.layers] == [
        type(layer) for layer in same.layers
    ]
    assert model.count_params() == same.count_params()


def test_settings_reach_the_builder(deep):
    config = build_config(
        {
            "model": {
                "trunk": [6],
                "dropout": 0.0,
                "architecture": {"name": "deep", "depth": 4},
            }
        }
    )
    assert config.model.architecture.settings == {"depth": 4}
    model = build_core(config, TASKS, 3)
    assert model.name == "core"
    assert [layer.units for layer in model.layers if "trunk" in layer.name] == [6] * 4


def test_wrong_settings_are_told_by_their_full_name(deep):
    with pytest.raises(UserError) as error:
        build_config({"model": {"architecture": "deep:depth=0,dept=3,dropout=0.5"}})
    text = "\n".join(error.value.messages)
    assert "model.architecture.depth: expected greater than or equal to 1" in text
    assert "model.architecture.dept: unknown setting. Did you mean 'depth'?" in text
    assert "Known here: depth." in text
    assert "model.architecture.dropout: expected in [model]" in text


@pytest.mark.parametrize("built", [None, "another model"])
def test_a_builder_must_return_a_model_of_its_tasks(built):
    @km.register_architecture("wrong")
    def build_wrong(width, tasks, settings):
        return built and km.build_hard_sharing(width, tasks[:1])

    with pytest.raises(UserError, match="'wrong': expected its builder to return"):
        build_architecture("wrong", 3, TASKS)


def test_hard_sharing_is_the_first():
    assert next(iter(ARCHITECTURES)) == "hard-sharing"
    assert str(build_config({}).model.architecture) == "hard-sharing"
