"""A share of a task's labels: of training rows alone, nested, at the same training."""

import math
import os

import numpy as np
import pandas as pd
import pytest

from keras_mtl.comparison import ComparisonSettings, compare_sharing
from keras_mtl.comparison.candidates import choose_candidates
from keras_mtl.comparison.encoding import FoldEncoder
from keras_mtl.comparison.folds import make_folds
from keras_mtl.comparison.kept_labels import KeptLabels, training_labels
from keras_mtl.comparison.label_shares import label_share_candidates, share_candidate
from keras_mtl.comparison.networks import train_networks
from keras_mtl.configuration import build_config
from keras_mtl.datasets import make_related_tasks
from keras_mtl.runs import prepare_data


@pytest.fixture(scope="module")
def data(settings):
    return prepare_data(build_config(settings))


COMPARED = ComparisonSettings(
    folds=3, repeats=2, members=1, label_shares=(0.2, 0.5, 1.0)
)


@pytest.mark.parametrize("task", ["kind", "sick", "cost"])
def test_kept_labels_are_nested_stratified_and_of_training_rows(data, task):
    for fold in make_folds(data, COMPARED):
        labels = data.labels[task]
        known = fold.train[np.isfinite(labels[fold.train])]
        before = np.zeros(0, int)
        for share in (0.2, 0.5, 1.0):
            rows = KeptLabels(task, share).rows(data, fold)
            assert len(rows) == round(share * len(known))
            assert set(before) <= set(rows) <= set(known)
            before = rows
            if task != "cost":
                of_all = np.bincount(labels[known].astype(int))
                of_kept = np.bincount(labels[rows].astype(int))
                assert np.abs(of_kept - share * of_all).max() <= 2


def test_only_training_labels_of_the_task_go_missing(data):
    fold = make_folds(data, COMPARED)[1]
    kept = KeptLabels("sick", 0.2)
    seen = training_labels(kept, data, fold)
    np.testing.assert_array_equal(
        seen["sick"][fold.test], data.labels["sick"][fold.test]
    )
    left = np.flatnonzero(np.isfinite(seen["sick"]))
    np.testing.assert_array_equal(
        np.intersect1d(left, fold.train), kept.rows(data, fold)
    )
    for name in ("kind", "cost"):
        np.testing.assert_array_equal(seen[name], data.labels[name])
    assert np.isfinite(data.labels["sick"]).all()


def test_all_networks_train_for_about_the_steps_of_all_labels(data):
    folds = make_folds(data, COMPARED)
    candidates = choose_candidates(data.config, COMPARED, len(data.rows))
    training = candidates[0].config.training

    def steps(rows, epochs):
        return math.ceil(rows * 2 / 3 * 0.75 / training.batch_size) * epochs

    goal = steps(90, training.epochs)
    for share in COMPARED.label_shares:
        alone = share_candidate(data, folds, candidates, "single-task", "cost", share)
        epochs = alone.config.training.epochs
        assert steps(share * 77, epochs) == pytest.approx(goal, abs=epochs / 2)


def test_a_full_share_is_the_comparisons_own_fit(data):
    folds = make_folds(data, COMPARED)
    candidates = choose_candidates(data.config, COMPARED, len(data.rows))
    found = label_share_candidates(data, folds, COMPARED, candidates)
    shares = [(each.name, each.kept.task) for each in found if each.kept.share == 1]
    # All rows have these labels; 13 rows have no cost.
    assert not [name for name, task in shares if task != "cost"]
    names = [each.name for each in found]
    assert len(set(names)) == len(names)
    digests = [each.digest(each.task_groups()[0]) for each in [*candidates, *found]]
    assert len({*digests}) == len(digests)


def test_labels_that_are_not_kept_change_nothing(settings, tmp_path):
    def fit(frame, name, fold=None):
        frame.to_csv(tmp_path / name, index=False)
        values = {**settings, "data": {"path": str(tmp_path / name)}}
        data = prepare_data(build_config(values))
        folds = make_folds(data, COMPARED)
        fold = fold or folds[0]
        candidates = choose_candidates(data.config, COMPARED, len(data.rows))
        candidate = share_candidate(
            data, folds, candidates, "multi-task", "sick", share=0.2
        )
        fits = train_networks(candidate, data.tasks, [fold], data, FoldEncoder(data))
        return fits[0].outputs, fold, candidate.kept.rows(data, fold)

    frame = make_frame_of(settings)
    first, fold, kept = fit(frame, "one.csv")
    changed = frame.copy()
    # Of the held-out rows all labels change; a fold's classes stay as they are.
    changed.loc[fold.test, "sick"] = 1 - changed.loc[fold.test, "sick"]
    changed.loc[fold.test, "cost"] = 1e4
    second, _, again = fit(changed, "two.csv", fold)
    np.testing.assert_array_equal(kept, again)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


def make_frame_of(settings):
    return pd.read_csv(settings["data"]["path"])


@pytest.mark.slow
def test_results_over_shares_are_kept_and_resumed(settings, tmp_path):
    def compare(shares):
        return compare_sharing(
            settings,
            folds=2,
            repeats=1,
            members=1,
            label_shares=shares,
            out=str(tmp_path / "out"),
        )

    def fits():
        folder = tmp_path / "out" / "fits"
        return {
            name: (folder / name).stat().st_mtime_ns
            for name in os.listdir(folder)
            if name.endswith(".npz")
        }

    first = compare([0.4])
    before = fits()
    found = compare([0.4, 1.0]).label_efficiency
    after = fits()
    assert {name: after[name] for name in before} == before
    assert [*found.columns[:3]] == ["task", "share", "labels"]
    assert set(found["share"]) == {0.4, 1.0}
    row = found.set_index(["task", "share", "model", "metric"]).sort_index()
    own = first.label_efficiency.set_index(["task", "share", "model", "metric"])
    key = ("sick", 0.4, "multi-task", "auc")
    assert row.loc[key, "mean"] == own.loc[key, "mean"]
    assert row.loc[key, "folds"] == 2
    assert row.loc[key, "labels"] == 18
    assert row.loc[key, "gain"] == pytest.approx(
        row.loc[key, "mean"] - row.loc[("sick", 0.4, "single-task", "auc"), "mean"]
    )
    summary = compare([1.0]).summary()["mean"]
    assert row.loc[("sick", 1.0, "multi-task", "auc"), "mean"] == pytest.approx(
        summary["sick", "auc", "multi-task"]
    )


@pytest.mark.slow
def test_sharing_shows_its_worth_where_labels_are_few(tmp_path):
    # Both tasks ask the same under little noise, and the second keeps its labels.
    frame = make_related_tasks(2000, related=1.0, noise=0.1, seed=4)
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    config = build_config(
        {
            "data": {"path": str(path)},
            "tasks": [{"kind": "binary", "name": name} for name in ("task1", "task2")],
            "training": {
                "epochs": 20,
                "batch_size": 64,
                "learning_rate": 0.01,
                "schedule": "cosine",
                "patience": 0,
                "validation_fraction": 0.0,
            },
            "model": {"trunk": [32, 8], "dropout": 0.0},
            "heads": {"widths": []},
        }
    )
    data = prepare_data(config)
    compared = ComparisonSettings(folds=3, repeats=1, members=1)
    folds = make_folds(data, compared)
    candidates = choose_candidates(data.config, compared, len(data.rows))
    encode, (task, _) = FoldEncoder(data), data.tasks

    def areas(model, share):
        own = share_candidate(data, folds, candidates, model, "task1", share)
        fits = train_networks(own, own.task_groups()[0], folds, data, encode)
        labels = [data.labels["task1"][fold.test] for fold in folds]
        return np.array(
            [
                task.measure(known, fit.outputs["task1"])["auc"]
                for known, fit in zip(labels, fits, strict=True)
            ]
        )

    few, all_labels = (
        areas("multi-task", share) - areas("single-task", share) for share in (0.1, 1.0)
    )
    assert few.mean() > 0.02
    assert all_labels.mean() < few.mean() - 0.01
