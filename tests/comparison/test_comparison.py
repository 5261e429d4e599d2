"""A comparison's numbers are those of its predictions, and its folds do not leak."""

import json
import os

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, r2_score, roc_auc_score

from keras_mtl.comparison import ComparisonSettings, compare_sharing
from keras_mtl.comparison.candidates import choose_candidates
from keras_mtl.comparison.encoding import FoldEncoder
from keras_mtl.comparison.folds import make_folds
from keras_mtl.comparison.networks import train_networks
from keras_mtl.configuration import build_config
from keras_mtl.errors import UserError
from keras_mtl.evaluation import compare_paired
from keras_mtl.runs import prepare_data

from .conftest import make_frame

MODELS = [
    "multi-task",
    "single-task",
    "single-task, same size",
    "article",
    "linear",
    "forest",
    "boosting",
]


def test_all_models_predict_all_rows_once(compared):
    assert [*compared.candidates] == MODELS
    rows = compared.predictions
    for (model, task), own in rows.groupby(["model", "task"]):
        labeled = 77 if task == "cost" else 90
        assert sorted(own["row"]) == sorted(set(own["row"])), (model, task)
        assert len(own) == labeled
    assert not compared.failures


def test_metrics_are_those_of_scikit_learn(folder, compared):
    rows = pd.read_csv(folder / "out_of_fold.csv")
    summary = compared.summary()["mean"]
    for model in MODELS:
        for task, metric in (("sick", "auc"), ("sick", "log_loss"), ("cost", "r2")):
            own = rows[(rows["model"] == model) & (rows["task"] == task)]
            values = []
            for _, fold in own.groupby(["repeat", "fold"]):
                label, output = (
                    fold["label_0"],
                    fold["output_0"],
                )
                score = {
                    "auc": lambda y, p: roc_auc_score(y, p),
                    "log_loss": lambda y, p: log_loss(y, np.clip(p, 1e-7, 1 - 1e-7)),
                    "r2": r2_score,
                }[metric]
                values.append(score(label, output))
            assert summary[task, metric, model] == pytest.approx(
                np.mean(values), rel=1e-4
            )


def test_differences_are_of_the_same_folds(compared):
    judged = {task.task: task for task in compared.judgements["single-task"].tasks}
    table = compared.metrics
    table = table[(table["task"] == "sick") & (table["metric"] == "auc")]
    wide = table.pivot(index=["repeat", "fold"], columns="model", values="value")
    difference = (wide["multi-task"] - wide["single-task"]).to_numpy()
    expected = compare_paired(difference, 1 / 3, 0.01)
    found = judged["sick"].difference
    assert found.mean == pytest.approx(difference.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.hurts + found.no_difference + found.helps == pytest.approx(1)


def test_regression_is_answered_in_its_own_unit(compared):
    rows = compared.predictions
    own = rows[(rows["task"] == "cost") & (rows["model"] == "linear")]
    assert 60 < own["output_0"].mean() < 140


def test_a_single_task_net_of_the_same_size_is_about_as_large(compared):
    sizes = compared.details["models"]
    (goal,) = sizes["multi-task"]["parameters"].values()
    for size in sizes["single-task, same size"]["parameters"].values():
        assert 0.8 * goal < size < 1.2 * goal


def test_the_result_is_written_as_plain_values(folder, compared):
    found = json.loads((folder / "report.json").read_text())["values"]
    assert found["verdicts"] == compared.verdicts
    assert len(found["verdicts"]) == 3
    assert {group["group"] for group in found["subgroups"]["kind"]} == {"p", "q"}
    assert {each["model"] for each in found["calibration"]} == {*MODELS}
    assert "multi-task" in compared._repr_html_()


def test_the_same_fits_give_the_same_page(settings, folder, compared):
    names = ("report.html", "report.json", "out_of_fold.csv")
    before = {name: (folder / name).read_bytes() for name in names}
    compare_sharing(
        settings, folds=3, repeats=1, members=2, by=["kind"], out=str(folder)
    )
    for name in names:
        assert (folder / name).read_bytes() == before[name], name


@pytest.mark.slow
def test_fits_are_used_again_and_a_longer_comparison_adds_its_own(
    settings, folder, compared
):
    def times(names):
        return {name: (folder / "fits" / name).stat().st_mtime_ns for name in names}

    fits = times(fit_names(folder))
    longer = compare_sharing(settings, folds=3, repeats=2, members=2, out=str(folder))
    assert times(fits) == fits
    assert len(fit_names(folder)) == 2 * len(fits)
    first = longer.metrics[longer.metrics["repeat"] == 0].reset_index(drop=True)
    key = ["model", "task", "fold", "metric"]
    pd.testing.assert_series_equal(
        first.set_index(key)["value"].sort_index(),
        compared.metrics.set_index(key)["value"].sort_index(),
    )


@pytest.mark.slow
def test_a_damaged_fit_is_made_again(settings, tmp_path):
    def compare():
        alone = {**settings, "tasks": settings["tasks"][1:2]}
        return compare_sharing(
            alone, folds=2, repeats=1, members=1, out=str(tmp_path / "out")
        )

    first = compare()
    names = fit_names(tmp_path / "out")
    damaged = next(name for name in names if name.startswith("linear"))
    path = tmp_path / "out" / "fits" / damaged
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    second = compare()
    assert sorted(fit_names(tmp_path / "out")) == sorted(names)
    pd.testing.assert_frame_equal(first.metrics, second.metrics)
    # The seconds of training are written with more digits or fewer.
    assert path.stat().st_size == pytest.approx(len(whole), abs=100)


def fit_names(folder):
    return [name for name in os.listdir(folder / "fits") if name.endswith(".npz")]


@pytest.mark.slow
def test_rows_held_out_change_nothing_that_a_fold_learns(settings, tmp_path):
    def outputs(frame, name, fold=None):
        frame.to_csv(tmp_path / name, index=False)
        values = {**settings, "data": {"path": str(tmp_path / name)}}
        data = prepare_data(build_config(values))
        compared = ComparisonSettings(folds=3, repeats=1, members=1)
        # The fold of the first frame: labels decide it.
        fold = fold or make_folds(data, compared)[0]
        candidate = choose_candidates(data.config, compared, len(data.rows))[0]
        fits = train_networks(candidate, data.tasks, [fold], data, FoldEncoder(data))
        return fits[0], fold

    frame = make_frame()
    first, fold = outputs(frame, "one.csv")
    changed = frame.copy()
    test = fold.test[::2]
    other = fold.test[1::2]
    changed.loc[test, ["a", "b", "c"]] += 3.0
    changed.loc[test, "cost"] = 1e4
    changed.loc[test, "sick"] = 1 - changed.loc[test, "sick"]
    second, _ = outputs(changed, "two.csv", fold)
    kept = np.isin(fold.test, other)
    for task in ("kind", "sick", "cost"):
        np.testing.assert_array_equal(
            first.outputs[task][kept], second.outputs[task][kept]
        )
        assert not np.allclose(first.outputs[task][~kept], second.outputs[task][~kept])


@pytest.mark.slow
def test_a_fold_that_fails_is_reported(settings):
    broken = {**settings, "training": {**settings["training"], "learning_rate": 1e30}}
    found = compare_sharing(broken, folds=2, repeats=1, members=1)
    assert any(
        failure.startswith("multi-task, repeat 1, fold 1") for failure in found.failures
    )
    summary = found.summary().loc[("sick", "auc", "multi-task")]
    assert (summary["folds"], summary["failed"]) == (0, 2)
    assert "fail" in found.verdicts[1]


@pytest.mark.slow
def test_one_task_has_nothing_to_share(settings):
    alone = {**settings, "tasks": settings["tasks"][1:2]}
    found = compare_sharing(alone, folds=2, repeats=1, members=1)
    assert found.verdicts == ["There is one task, sick: nothing is shared."]
    assert "single-task" not in found.candidates


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"folds": 91}, ["folds", "91", "90"]),
        ({"folds": 44}, ["class", "44"]),
        ({"by": ["d"]}, ["column 'd'", "--by"]),
        ({"by": ["a"]}, ["bands", "--by a:40,60"]),
        ({"by": ["a:2,1"]}, ["ascending"]),
        ({"compare": ["uncertanty"]}, ["Did you mean 'uncertainty'"]),
        ({"compare": ["upgrad", "upgrad"]}, ["once"]),
        ({"compare": ["cagrad:c=x"]}, ["c"]),
    ],
)
def test_what_cannot_serve_is_refused_and_nothing_is_written(
    settings, tmp_path, flags, words
):
    with pytest.raises(UserError) as raised:
        compare_sharing(settings, out=str(tmp_path / "out"), **flags)
    for word in words:
        assert word in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_each_group_is_held_out_in_turn(settings, tmp_path):
    frame = make_frame().assign(site=np.repeat([*"wxyz"], [30, 20, 20, 20]))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    data = {"path": str(tmp_path / "rows.csv"), "group": "site"}
    prepared = prepare_data(build_config({**settings, "data": data}))
    folds = make_folds(prepared, ComparisonSettings(folds=5, repeats=3))
    assert len(folds) == 4
    sites = [set(frame["site"].iloc[fold.test]) for fold in folds]
    assert sorted(map(sorted, sites)) == [["w"], ["x"], ["y"], ["z"]]


@pytest.mark.slow
def test_several_labels_are_compared_too(settings, tmp_path):
    frame = make_frame().assign(fever=lambda f: (f["a"] > 0).astype(int))
    frame["cough"] = (frame["b"] > 0.3).astype(int)
    frame.loc[::9, "cough"] = None
    frame.to_csv(tmp_path / "rows.csv", index=False)
    tasks = [
        {"kind": "multilabel", "name": "signs", "labels": ["fever", "cough"]},
        {"kind": "binary", "name": "sick"},
    ]
    values = {**settings, "data": {"path": str(tmp_path / "rows.csv")}, "tasks": tasks}
    found = compare_sharing(values, folds=2, repeats=1, members=1)
    rows = found.predictions
    rows = rows[(rows["task"] == "signs") & (rows["model"] == "linear")]
    assert rows[["label_0", "output_0", "output_1"]].notna().all(axis=None)
    assert rows["label_1"].isna().sum() == 10
    assert found.summary().loc[("signs", "auc", "linear"), "folds"] == 2
