"""Trials of models without a network, measured beside those with one."""

import tomllib

import numpy as np
import pandas as pd
import pytest

from keras_mtl import fit
from keras_mtl.configuration import build_config
from tuning import __main__ as command
from tuning.solved_trials import measure_solved
from tuning.trial_program import measure_trials

pytestmark = pytest.mark.xdist_group("searches")


def with_architecture(config, architecture):
    own = build_config({"model": {"architecture": architecture}}).model.architecture
    return config.replace(model=config.model.replace(architecture=own))


def test_a_solved_trial_has_the_metrics_of_a_network(prepared, data, trials):
    config = with_architecture(prepared.config, "group-sparse:strength=0.02")
    (found,) = measure_trials([config], data, prepared.config.tasks)
    assert found.message == ""
    assert len(found.folds) == len(data.folds)
    assert found.epochs == []
    width = data.encode(data.rows.features, data.folds[0]).shape[1]
    # 3 classes and one probability, with a bias each.
    assert found.parameters == pytest.approx(4 * (width + 1), abs=8)
    for mine, other in zip(found.folds, trials[0].folds, strict=True):
        assert {*mine} == {*other}
        for name in ("thal", "heart"):
            log_loss = mine[f"val_{name}_log_loss"]
            assert mine[f"val_{name}_loss"] == pytest.approx(log_loss, rel=1e-4)
        both = mine["val_thal_loss"] + mine["val_heart_loss"]
        assert mine["val_loss"] == pytest.approx(both, rel=1e-12)
        # A linear model tells heart disease apart; chance is 0.5.
        assert mine["val_heart_auc"] > 0.75


def test_a_trial_without_a_solution_is_failed_and_alone(prepared, data, monkeypatch):
    config = with_architecture(prepared.config, "independent:strength=0.1")

    def fails(*arguments):
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr("tuning.solved_trials.solve_folds", fails)
    found = measure_solved(config, data, prepared.config.tasks)
    assert found.message == "could not be solved: Singular matrix"
    assert not found.folds


@pytest.mark.slow
def test_a_search_among_a_network_and_none_ends_with_settings_for_a_fit(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.toml").write_text(
        """
        preset = "article"
        inputs.numeric_embedding = "ple"
        model.trunk = [8]
        training.epochs = 2
        report.importance_repeats = 0
        [search]
        trials = 5
        folds = 2
        tuner = "grid"
        objective = "val_heart_auc"
        learning_rate = [0.001, 0.001]
        loss_weight = [1, 1]
        trunk_widths = [8]
        head_widths = [8]
        [search.architecture]
        name = ["hard-sharing", "group-sparse"]
        group-sparse.strength = [0.003, 0.03]
        """
    )
    arguments = ["--config", "my.toml", "--out", "found", "--no-fit", "--tensorboard"]
    assert command.main(arguments) == 0
    found = tmp_path / "found"
    trials = pd.read_csv(found / "trials.csv")
    assert (trials["status"] == "completed").all()
    networks = trials["architecture"] == "hard-sharing"
    assert networks.sum() == 1
    assert sorted(trials["architecture.strength"].dropna()) == [0.003, 0.03]
    assert (trials["learning_rate"].notna() == networks).all()
    assert (trials["epochs"].notna() == networks).all()
    assert trials["objective_spread"].gt(0).all()

    runs = [path.name for path in (found / "tensorboard").iterdir()]
    assert sorted(runs) == ["00001", "00002", "00003"]

    # Two epochs are few: what needs none is ahead.
    config = tomllib.loads((found / "config.toml").read_text())
    assert config["model"]["architecture"]["name"] == "group-sparse"
    assert fit.main(["--config", "found/config.toml", "--out", "best", "--quiet"]) == 0
    network = str(trials["trial"][networks].iloc[0])
    assert command.main(["--resume", "found", "--choose", network]) == 0
    config = tomllib.loads((found / "config.toml").read_text())
    assert config["inputs"]["numeric_embedding"] == "ple"
