"""Affinities and cosines are of training rows alone, and kept fold by fold."""

import json

import numpy as np
import pandas as pd
import pytest

from keras_mtl.comparison import ComparisonSettings, compare_sharing
from keras_mtl.comparison.candidates import choose_candidates
from keras_mtl.comparison.encoding import FoldEncoder
from keras_mtl.comparison.folds import make_folds
from keras_mtl.comparison.networks import train_networks
from keras_mtl.comparison.reason_sentences import reason_sentences
from keras_mtl.configuration import build_config
from keras_mtl.errors import UserError
from keras_mtl.runs import prepare_data

from .conftest import QUICK, make_frame


def test_affinities_and_cosines_are_of_all_pairs(compared, folder):
    names = ["kind", "sick", "cost"]
    affinity = compared.affinity
    assert [*affinity.columns] == [
        *("task", "onto", "affinity", "std", "relative", "folds")
    ]
    assert sorted(zip(affinity["task"], affinity["onto"], strict=True)) == sorted(
        (task, onto) for task in names for onto in names
    )
    assert (affinity["folds"] == 3).all()
    alone = affinity[affinity["task"] == affinity["onto"]]
    assert (alone["affinity"] > 0).all()
    np.testing.assert_allclose(alone["relative"], 1)
    pair = affinity.set_index(["task", "onto"])
    assert pair.loc[("kind", "cost"), "relative"] == pytest.approx(
        pair.loc[("kind", "cost"), "affinity"] / pair.loc[("cost", "cost"), "affinity"]
    )
    cosines = compared.gradient_cosines
    assert [*cosines.columns] == ["epoch", "task", "other", "cosine", "std"]
    assert len(cosines) == 2 * 3
    assert cosines["cosine"].between(-1, 1).all()
    written = json.loads((folder / "report.json").read_text())["values"]
    assert len(written["affinity"]) == 9
    assert written["affinity"][0]["affinity"] == pytest.approx(
        affinity["affinity"].iloc[0]
    )
    assert len(written["gradient_cosines"]) == len(cosines)
    # Three tasks are too few to group, and enough for a rank correlation.
    assert written["task_groups"] is None
    assert written["affinity_agreement"]["tasks"] == 3


@pytest.mark.slow
def test_rows_held_out_do_not_change_affinities(settings, tmp_path):
    def gradients(frame, name, fold=None):
        frame.to_csv(tmp_path / name, index=False)
        config = build_config({**settings, "data": {"path": str(tmp_path / name)}})
        data = prepare_data(config)
        compared = ComparisonSettings(folds=3, repeats=1, members=1)
        fold = fold or make_folds(data, compared)[0]
        candidate = choose_candidates(data.config, compared, len(data.rows))[0]
        fits = train_networks(candidate, data.tasks, [fold], data, FoldEncoder(data))
        return fits[0].gradients, fold

    frame = make_frame()
    first, fold = gradients(frame, "one.csv")
    changed = frame.copy()
    changed.loc[fold.test, ["a", "b", "c"]] += 3.0
    changed.loc[fold.test, "cost"] = 1e4
    changed.loc[fold.test, "sick"] = 1 - changed.loc[fold.test, "sick"]
    second, _ = gradients(changed, "two.csv", fold)
    assert np.isfinite(first["affinity"]).all()
    assert np.isfinite(first["cosines"]).all()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


@pytest.mark.slow
def test_a_fold_tells_the_same_whichever_folds_train_beside_it(settings):
    data = prepare_data(build_config(settings))
    compared = ComparisonSettings(folds=3, repeats=1, members=2)
    candidate = choose_candidates(data.config, compared, len(data.rows))[0]
    folds = make_folds(data, compared)
    encode = FoldEncoder(data)
    together = train_networks(candidate, data.tasks, folds, data, encode)
    (alone,) = train_networks(candidate, data.tasks, folds[1:2], data, encode)
    assert set(alone.gradients) == {"affinity", "cosines", "epochs"}
    for name, values in alone.gradients.items():
        np.testing.assert_allclose(together[1].gradients[name], values, atol=1e-5)


@pytest.fixture(scope="module")
def four_tasks(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    frame = make_frame().drop(columns="cost")
    frame["old"] = (frame["a"] + frame["b"] > 0).astype(int)
    frame["tall"] = (frame["c"] > 0.2).astype(int)
    frame.to_csv(path, index=False)
    names = ["kind", "sick", "old", "tall"]
    tasks = [{"kind": "binary", "name": name} for name in names]
    tasks[0]["kind"] = "multiclass"
    return {**QUICK, "data": {"path": str(path)}, "tasks": tasks}


@pytest.mark.slow
def test_groups_are_promised_and_measured(four_tasks, tmp_path):
    found = compare_sharing(
        four_tasks,
        folds=2,
        repeats=2,
        members=1,
        compare=["groups"],
        out=str(tmp_path / "out"),
    )
    grouping = found.task_groups.grouping
    names = sorted(name for group in grouping.groups for name in group)
    assert names == ["kind", "old", "sick", "tall"]
    # Each fold has its own, learned from its own training rows.
    assert found.task_groups.folds == 4
    assert grouping.gain >= max(0, grouping.gain_together)
    rows = found.predictions
    own = rows[rows["model"] == "groups"]
    assert own.groupby("task").size().eq(2 * 90).all()
    judged = found.judgements["groups"].tasks
    assert [each.task for each in judged] == ["kind", "sick", "old", "tall"]
    assert not found.failures
    assert found.affinity_agreement.tasks == 4
    sentences = reason_sentences(found)
    assert any(each.startswith("Measured, the networks of") for each in sentences)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"compare": ["groups"]}, ["--compare groups", "from 4 to 32", "Received: 3"]),
        ({"label_shares": [0.5, 0.0]}, ["label_shares: expected shares above 0"]),
        ({"label_shares": [0.02]}, ["--label-shares 0.02", "column 'sick'", "class"]),
    ],
)
def test_what_the_rows_cannot_give_is_refused(settings, tmp_path, flags, words):
    with pytest.raises(UserError) as raised:
        compare_sharing(settings, out=str(tmp_path / "out"), **flags)
    for word in words:
        assert word in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["0,0.5", "2", "a", "0.5,nan"])
def test_shares_outside_of_their_range_are_told_once(run_python, tmp_path, text):
    done = run_python(
        *("-m", "keras_mtl.evaluate", "--label-shares", text),
        cwd=tmp_path,
        shadowed=True,
    )
    assert done.returncode == 2
    message = "--label-shares: expected shares above 0 and at most 1"
    assert done.stderr.count(message) == 1
    assert str(text.split(",")) in done.stderr
    assert not [*tmp_path.iterdir()]


def test_one_task_has_no_shares_of_labels(settings, tmp_path):
    alone = {**settings, "tasks": settings["tasks"][1:2]}
    with pytest.raises(UserError, match="two or more tasks"):
        compare_sharing(alone, label_shares=[0.5], out=str(tmp_path / "out"))


@pytest.mark.slow
def test_one_task_alone_has_no_reasons(settings):
    alone = {**settings, "tasks": settings["tasks"][1:2]}
    found = compare_sharing(alone, folds=2, repeats=1, members=1)
    assert found.affinity.empty
    assert found.gradient_cosines.empty
    assert found.affinity_agreement is None
    assert found.label_efficiency.empty
    assert isinstance(found.label_efficiency, pd.DataFrame)
