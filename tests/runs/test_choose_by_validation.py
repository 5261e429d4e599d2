"""Tests of what the preset `best` chooses."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import keras_mtl.runs.choose_by_validation as chooser
from keras_mtl.comparison import ComparisonSettings
from keras_mtl.comparison.candidates import choose_candidates
from keras_mtl.configuration import build_config
from keras_mtl.errors import UserError
from keras_mtl.runs import prepare_data

FEW = {"training": {"members": 2, "epochs": 2}}


@pytest.fixture
def rows(tmp_path):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 200))
    frame = pd.DataFrame({"a": a, "b": b, "up": a > 0, "far": np.abs(b) > 1})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return {
        "preset": "best",
        "data": {"path": str(tmp_path / "rows.csv")},
        "tasks": [{"kind": "binary", "name": name} for name in ("up", "far")],
    }


def test_a_candidate_is_chosen_where_it_is_better_by_a_standard_error(
    rows, monkeypatch
):
    monkeypatch.setattr(chooser, "ARCHITECTURES", ("hard-sharing", "mmoe"))
    monkeypatch.setattr(chooser, "WEIGHTINGS", ("sum",))
    monkeypatch.setattr(chooser, "WIDTH_FACTORS", (1.0, 0.1))
    data = prepare_data(build_config(rows, FEW))
    seen = []

    config = chooser.choose_by_validation(data, seen.append)

    assert [choice.name for choice in seen] == [
        "the default",
        "architecture mmoe",
        "0.1 times the widths",
    ]
    _, mmoe, narrow = seen
    assert mmoe.chosen == (config.model.architecture.name == "mmoe")
    assert narrow.chosen == (config.model.trunk == (3, 6))
    assert all(choice.losses.shape == (2,) for choice in seen)
    assert config.by_validation == ()


def test_slow_training_is_chosen_where_fast_training_does_not_fit(rows, monkeypatch):
    monkeypatch.setattr(chooser, "SLOW_RATE", 0.01)
    monkeypatch.setattr(chooser, "SLOW_EPOCHS", 60)
    # Far too high, and closed, so that only the learning rate is tried.
    rate = {"training": {"members": 2}}
    given = {"model": {"architecture": "hard-sharing", "trunk": [8]}}
    given["training"] = {"weighting": "sum"}
    data = prepare_data(build_config(rows, rate, given))
    data = replace(
        data,
        config=data.config.replace(
            training=data.config.training.replace(learning_rate=0.5, epochs=2)
        ),
    )
    seen = []

    config = chooser.choose_by_validation(data, seen.append)

    assert seen[-1].name == "learning rate 0.005 with a patience of 50 epochs"
    assert seen[-1].chosen
    assert (config.training.epochs, config.training.patience) == (60, 50)
    assert config.training.learning_rate == pytest.approx(0.005)


def test_folds_do_not_judge_what_was_chosen_on_them(rows):
    data = prepare_data(build_config(rows, FEW))

    with pytest.raises(UserError, match="which would use held-out rows"):
        choose_candidates(data.config, ComparisonSettings(), len(data.rows))
