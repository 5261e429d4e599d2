"""A run folder is complete or absent."""

import os

import pytest

from keras_mtl.errors import UserError
from keras_mtl.runs.run_folder import RUN_MARKS, choose_folder, new_run_folder


def make_run(path, text="old"):
    path.mkdir(parents=True)
    for mark in RUN_MARKS:
        (path / mark).write_text(text)


def test_an_unnamed_run_takes_the_first_free_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(choose_folder(None, False, "heart")) == "runs/heart"
    make_run(tmp_path / "runs" / "heart")
    (tmp_path / "runs" / "heart-2").symlink_to("nowhere")
    assert str(choose_folder(None, False, "heart")) == "runs/heart-3"


def test_what_is_there_is_kept_unless_it_is_a_run_that_may_be_replaced(tmp_path):
    run = tmp_path / "run"
    make_run(run)
    with pytest.raises(UserError, match="or replace it with --overwrite"):
        choose_folder(str(run), False, "heart")
    assert choose_folder(str(run), True, "heart") == run
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.toml").touch()
    with pytest.raises(UserError, match=r"it lacks metrics\.json, model\.keras"):
        choose_folder(str(tmp_path / "mine"), True, "heart")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="--overwrite replaces an earlier result alone"):
        choose_folder(str(tmp_path / "file"), True, "heart")


def test_a_folder_that_can_not_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="expected a folder that can be made"):
        choose_folder(str(tmp_path / "file" / "a" / "b"), False, "heart")
    assert choose_folder(str(tmp_path / "new" / "a"), False, "heart")
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(UserError, match="can't be written to"):
        choose_folder(str(tmp_path / "locked" / "run"), False, "heart")


def test_it_is_in_its_place_only_when_all_is_written(tmp_path):
    run = tmp_path / "a" / "run"
    with new_run_folder(run, False) as folder:
        make_run(folder / "sub")
        assert not run.exists()
        assert folder.parent == run.parent
        assert folder.name.startswith(".")
    assert sorted(os.listdir(run.parent)) == ["run"]
    assert (run / "sub" / "config.toml").read_text() == "old"
    assert run.stat().st_mode == run.parent.stat().st_mode


def write_and_raise(run, error):
    with new_run_folder(run, True) as folder:
        (folder / "config.toml").write_text("new")
        raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_run_and_nothing_else(tmp_path, error):
    run = tmp_path / "run"
    make_run(run)
    with pytest.raises(error):
        write_and_raise(run, error)
    assert os.listdir(tmp_path) == ["run"]
    assert (run / "config.toml").read_text() == "old"


def test_a_run_is_replaced_whole(tmp_path):
    run = tmp_path / "run"
    make_run(run)
    (run / "stale").touch()
    with new_run_folder(run, True) as folder:
        (folder / "config.toml").write_text("new")
    assert os.listdir(tmp_path) == ["run"]
    assert os.listdir(run) == ["config.toml"]


def test_a_folder_that_appeared_meanwhile_is_kept(tmp_path):
    run = tmp_path / "run"
    folder = new_run_folder(run, False)
    (folder.__enter__() / "config.toml").touch()
    make_run(run, "another's")
    with pytest.raises(UserError, match="has appeared since this run began"):
        folder.__exit__(None, None, None)
    assert os.listdir(tmp_path) == ["run"]
    assert (run / "config.toml").read_text() == "another's"


def test_what_a_killed_fit_left_is_removed_by_the_next(tmp_path):
    run = tmp_path / "run[1]"
    (tmp_path / ".run[1]-dead.partial" / "plots").mkdir(parents=True)
    (tmp_path / ".other-dead.partial").mkdir()
    with new_run_folder(run, False) as folder:
        (folder / "config.toml").write_text("new")
    assert sorted(os.listdir(tmp_path)) == [".other-dead.partial", "run[1]"]


def test_a_run_that_was_being_replaced_is_restored(tmp_path):
    run = tmp_path / "run"
    make_run(tmp_path / ".run.replaced")
    with pytest.raises(RuntimeError):
        write_and_raise(run, RuntimeError)
    assert os.listdir(tmp_path) == ["run"]
    assert (run / "config.toml").read_text() == "old"
    make_run(tmp_path / ".run.replaced", "older")
    with pytest.raises(RuntimeError):
        write_and_raise(run, RuntimeError)
    assert os.listdir(tmp_path) == ["run"]
    assert (run / "config.toml").read_text() == "old"
