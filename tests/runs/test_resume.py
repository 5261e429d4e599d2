"""Which run is gone on with, and what it may not differ in."""

import os

import numpy as np
import pandas as pd
import pytest

from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.configuration.validate import build_config
from keras_mtl.errors import UserError
from keras_mtl.runs.checkpoint import Checkpoint, checkpoint_path, write_checkpoint
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.resume import (
    data_digests,
    find_interrupted,
    plain,
    require_same_data,
    require_same_settings,
)
from keras_mtl.runs.run_folder import RUN_MARKS
from keras_mtl.training.progress import Progress


def interrupt(run, epochs=1):
    generator = np.random.default_rng(0).bit_generator.state
    history = [np.zeros((1, 1))] * epochs
    progress = Progress([], [generator], history, history[0])
    write_checkpoint(checkpoint_path(run), Checkpoint({}, {}, progress))


def complete(run, seconds=0):
    run.mkdir(parents=True)
    for mark in RUN_MARKS:
        (run / mark).touch()
        now = (run / mark).stat().st_mtime + seconds
        os.utime(run / mark, (now, now))


def test_the_place_tells_the_run(tmp_path):
    interrupt(tmp_path / "a")
    run, checkpoint = find_interrupted(str(tmp_path / "a"))
    assert run == tmp_path / "a"
    assert checkpoint.progress.epoch == 1
    with pytest.raises(UserError, match=r"b\.checkpoint: no such file"):
        find_interrupted(str(tmp_path / "b"))
    complete(tmp_path / "c")
    assert find_interrupted(str(tmp_path / "c")) == (tmp_path / "c", None)


def test_the_one_unnamed_run_needs_no_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="not found"):
        find_interrupted(None)
    interrupt(tmp_path / "runs" / "heart-2")
    assert str(find_interrupted(None)[0]) == "runs/heart-2"
    interrupt(tmp_path / "runs" / "heart")
    with pytest.raises(UserError, match=r"2: runs/heart, runs/heart-2.*--out"):
        find_interrupted(None)


def test_a_checkpoint_is_of_the_run_in_its_place_or_of_one_to_replace_it(tmp_path):
    run = tmp_path / "run"
    interrupt(run)
    # Killed between the renaming of the folder and the end of the command.
    complete(run, seconds=10)
    assert find_interrupted(str(run)) == (run, None)
    # Killed while a second fit, with --overwrite, trained.
    later = (run / RUN_MARKS[0]).stat().st_mtime + 10
    os.utime(checkpoint_path(run), (later, later))
    assert find_interrupted(str(run))[1].progress.epoch == 1


def test_all_settings_that_differ_are_told(mixed_frame, tmp_path):
    values = config_values(tmp_path, mixed_frame)
    own = settings_of(values)
    require_same_settings(own, settings_of(values))
    values["training"] = {"epochs": 7, "members": 2}
    values["tasks"][0]["loss_weight"] = 0.5
    del values["tasks"][1]
    with pytest.raises(UserError) as raised:
        require_same_settings(own, settings_of(values))
    told = "\n".join(raised.value.messages)
    assert "training.epochs: --resume continues the run's own setting, 300" in told
    assert "received 7." in told
    assert "training.members" in told
    assert "tasks[relapse].loss_weight" in told
    assert "tasks[cost].kind" in told
    assert "training.batch_size" not in told
    assert "train from the beginning" in raised.value.messages[-1]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda frame: frame, []),
        (lambda frame: frame.assign(dose=frame["dose"] * 2), ["column dose"]),
        (
            lambda frame: frame.assign(Site=frame["Site"].where(frame.index != 3, "X")),
            ["column Site"],
        ),
        (
            lambda frame: frame.assign(cost=frame["cost"] + 1),
            ["the labels of cost"],
        ),
        (lambda frame: frame.iloc[:-1], ["the number of rows", "the split"]),
    ],
)
def test_data_that_changed_is_told(mixed_frame, tmp_path, change, parts):
    before = digests_of(config_values(tmp_path, mixed_frame))
    now = digests_of(config_values(tmp_path, change(mixed_frame)))
    if not parts:
        require_same_data(before, now)
        return
    with pytest.raises(UserError) as raised:
        require_same_data(before, now)
    assert all(part in str(raised.value) for part in parts)
    if len(parts) == 1:
        assert str(raised.value).count("column") + str(raised.value).count("label") == 1


def config_values(folder, frame: pd.DataFrame):
    path = folder / "visits.csv"
    frame.to_csv(path, index=False)
    tasks = [
        {"kind": "binary", "name": "relapse"},
        {"kind": "regression", "name": "cost"},
    ]
    return {"data": {"path": str(path)}, "tasks": tasks}


def settings_of(values):
    return plain(repeatable_values(prepare_data(build_config(values)).config))


def digests_of(values):
    return data_digests(prepare_data(build_config(values)))
