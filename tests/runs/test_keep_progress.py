"""Keeping where training stands costs little, and never loses what was kept."""

import os

import numpy as np
import pytest

from keras_mtl.errors import RunStoppedError
from keras_mtl.runs import checkpoint
from keras_mtl.runs.checkpoint import SECONDS_APART, KeepProgress, read_checkpoint
from keras_mtl.training.progress import Progress


def after(epoch):
    generator = np.random.default_rng(0).bit_generator.state
    return Progress([], [generator], [np.zeros((1, 1))] * epoch, np.zeros((1, 1)))


def epoch_in(path):
    return read_checkpoint(path).progress.epoch


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless it is moved."""
    now = [100.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    return now


def test_short_epochs_are_written_now_and_then_and_the_last_one_always(clock, tmp_path):
    path = tmp_path / "checkpoint"
    with KeepProgress(path, {}, {}) as keep:
        keep(after(1))
        assert epoch_in(path) == 1
        clock[0] += SECONDS_APART / 2
        keep(after(2))
        assert epoch_in(path) == 1
        clock[0] += SECONDS_APART / 2
        keep(after(3))
        assert epoch_in(path) == keep.epoch == 3
        keep(after(4))
    assert epoch_in(path) == keep.epoch == 4
    keep.remove()
    assert os.listdir(tmp_path) == []


def test_slow_writing_is_done_less_often(clock, tmp_path, monkeypatch):
    written = []

    def slowly(path, checkpoint):
        clock[0] += 10.0
        written.append(checkpoint.progress.epoch)

    monkeypatch.setattr(checkpoint, "write_checkpoint", slowly)
    keep = KeepProgress(tmp_path / "checkpoint", {}, {})
    for epoch in range(1, 1001):
        clock[0] += 5.0
        keep(after(epoch))
    assert 10.0 * len(written) < 0.03 * clock[0]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_was_reached_is_written_whatever_ends_it(clock, tmp_path, error):
    path = tmp_path / "checkpoint"
    with pytest.raises(error):
        keep_two_and_raise(path, error)
    assert epoch_in(path) == 2


def keep_two_and_raise(path, error):
    with KeepProgress(path, {}, {}) as keep:
        keep(after(1))
        keep(after(2))
        raise error


def test_nothing_is_written_before_the_first_epoch(tmp_path):
    with KeepProgress(tmp_path / "checkpoint", {}, {}):
        pass
    assert os.listdir(tmp_path) == []


def test_a_disk_that_takes_no_more_is_told_and_the_last_one_kept(clock, tmp_path):
    path = tmp_path / "checkpoint"
    keep = KeepProgress(path, {}, {})
    keep(after(1))
    (tmp_path / "checkpoint.part").mkdir()
    clock[0] += SECONDS_APART
    with pytest.raises(RunStoppedError, match=r"epoch 2.*that of epoch 1 is whole"):
        keep(after(2))
    assert epoch_in(path) == 1
